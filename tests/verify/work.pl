use strict;
use warnings;
sub fib { my $n = shift; return $n < 2 ? $n : fib($n - 1) + fib($n - 2) }
my (%count, @sorted);
$count{$1}++ while ("the quick brown fox jumps over the lazy dog " x 50) =~ /(\w+)/g;
@sorted = sort { $count{$b} <=> $count{$a} || $a cmp $b } keys %count;
printf "%d %s %.10f %s\n", fib(15), "@sorted", sqrt(2) * exp(1.5), join ",", map { sprintf "%x", $_ * 7919 } 1 .. 20;
my $text = join "", map { chr(97 + $_ % 26) } 1 .. 2000;
(my $changed = $text) =~ s/([aeiou])(.)/$2$1/g;
print length $changed, " ", substr($changed, 100, 40), " ", eval { die { code => 7 } } // $@->{code}, "\n";
