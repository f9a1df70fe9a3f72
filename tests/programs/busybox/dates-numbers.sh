# Dates, calendars, numbers.
for s in 0 1 86399 951782400 1000000000 1234567890 1709164800 2147483647 4102444800; do
    date -u -d @$s '+%Y-%m-%d %H:%M:%S %a %b %j %U %u %s %e %I %p %y %C %D %T'
done
TZ=EST5EDT date -d @1700000000; TZ=EST5EDT date -d @1690000000 '+%F %T %Z %z'
TZ=CET-1CEST,M3.5.0,M10.5.0/3 date -d @1711846800 '+%F %T %Z'
TZ=CET-1CEST,M3.5.0,M10.5.0/3 date -d @1711850400 '+%F %T %Z'
date -u -d '2024-02-29 23:59:59' +%s; date -u -d '1999-12-31' '+%j %A'; date -d 'nonsense'
echo "status $?"; date -R -u -d @1500000000; date -Iseconds -u -d @1500000000
cal 2 2024; cal 9 1752; cal -j 12 1999; cal 2023 | head -12
printf '%d %d %d\n' 0x7f 010 "'A"
printf '%.10f %10.3e|%-12g|%+d|% d\n' 1.5 123456 0.00001234 5 5; printf '%d\n' abc
echo "status $?"; printf '%5s|%-5s|%.2s\n' abc abc abc; printf '%x %X %#o\n' 48879 48879 8
printf '%u\n' -1; printf '%ld\n' 9223372036854775807; printf '%i\n' 99999999999999999999
printf '%08.3f\n' -3.14159; printf '%s\n' "$(printf '%o' 511)"; printf '%*d\n' 8 42
printf '%c%c%c\n' abc def ghi
factor 1 2 3 4 1000000007 999999999999989 1152921504606846976; seq 1 0.1 1.5
seq 5 5 25 | tr '\n' ' '; echo
uname -s; nproc >/dev/null && echo has nproc; id -u >/dev/null && echo has id
hostname >/dev/null && echo has name; sleep 0.05 && echo slept; usleep 1000 && echo slept
time -f '%x' true 2>&1
ipcalc -n -b -m 192.168.5.77/20; arch >/dev/null; tty; echo "status $?"; cal 13 2020
echo "status $?"
