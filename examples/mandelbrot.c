/* The example guest of `make demo`: draws the Mandelbrot set (double precision) and counts primes
 * (integers). */
#include <stdio.h>
#include <stdlib.h>

enum { COLUMNS = 78, ROWS = 24, LIMIT = 2000 };

/* Steps until z = z^2 + c leaves the circle of radius 2; LIMIT if it does not. */
static int escape_time(double re, double im)
{
    double x = 0, y = 0;
    int n = 0;

    while (n < LIMIT && x * x + y * y <= 4) {
        double next = x * x - y * y + re;
        y = 2 * x * y + im;
        x = next;
        n++;
    }
    return n;
}

static void draw(void)
{
    static const char shades[] = " .:-=+*%@#";

    for (int row = 0; row < ROWS; row++) {
        for (int column = 0; column < COLUMNS; column++) {
            int n = escape_time(-2.2 + 3.2 * column / COLUMNS, -1.2 + 2.4 * row / ROWS);
            int shade = 0;
            while (n > 1 && shade < 9) {
                n /= 2;
                shade++;
            }
            putchar(shades[shade]);
        }
        putchar('\n');
    }
}

static int count_primes(int below)
{
    char *composite = calloc((size_t)below, 1);
    int count = 0;

    if (!composite)
        exit(1);
    for (int n = 2; n < below; n++) {
        if (composite[n])
            continue;
        count++;
        for (long multiple = (long)n * n; multiple < below; multiple += n)
            composite[multiple] = 1;
    }
    free(composite);
    return count;
}

int main(void)
{
    draw();
    printf("%d primes below 2000000\n", count_primes(2000000));
    return 0;
}
