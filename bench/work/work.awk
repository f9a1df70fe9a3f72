# What scripts in awk do: fields, arrays, patterns, sums. -v turns=N
BEGIN { FS = " +" }
{
    for (turn = 1; turn <= turns; turn++) {
        for (i = 1; i <= NF; i++) {
            word = tolower($i)
            gsub(/[^a-z]/, "", word)
            if (word != "")
                count[word]++
            width[length(word)] += NR % 7
        }
        if ($0 ~ /[0-9]+.*ing/)
            matched++
        total += length($0) * 1.25
    }
}
END {
    for (word in count) {
        kinds++
        if (count[word] > best || (count[word] == best && word < top)) {
            best = count[word]
            top = word
        }
    }
    printf "%d kinds, %s %d times, %d matched, %.2f\n", kinds, top, best, matched, total
    for (n = 0; n < 12; n++)
        printf "%d: %d\n", n, width[n]
}
