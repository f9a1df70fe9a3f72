# What scripts in Perl do: lines, patterns, hashes, sorting, formats. work.pl TEXT TURNS
use strict;
use warnings;

sub fib { my $n = shift; return $n < 2 ? $n : fib($n - 1) + fib($n - 2); }

my ($file, $turns) = @ARGV;
for my $turn (1 .. $turns) {
    open(my $in, '<', $file) or die "$file: $!";
    my (%count, %after, $digits, $last);
    $last = '';
    while (my $line = <$in>) {
        last if $. > 1500;
        chomp $line;
        $line =~ s/(\d+)/<$1>/g and $digits++;
        for my $word (split /[^A-Za-z]+/, $line) {
            next if $word eq '';
            $word = lc $word;
            $count{$word}++;
            push @{$after{$last}}, $word if length $last > 6;
            $last = $word;
        }
    }
    close($in);
    my @top = sort { $count{$b} <=> $count{$a} || $a cmp $b } keys %count;
    my $joined = join ' ', map { sprintf '%s=%d', $_, $count{$_} } @top[0 .. 4];
    my $chains = 0;
    $chains += @{$after{$_}} for sort keys %after;
    (my $shout = $joined) =~ tr/a-z/A-Z/;
    print "$turn: $shout, $chains chains, $digits lines with digits, ", fib(14), "\n";
}
