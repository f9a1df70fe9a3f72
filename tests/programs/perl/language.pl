# Perl: data, references, closures, objects, expressions, formats, sorting, tie, local, eval, sprintf, pack, Unicode.
use strict;
use warnings;
use utf8;
binmode(STDOUT, ':utf8');
$| = 1;
my %count;
$count{lc $_}++ for split ' ', 'the cat and the dog and The bird';
print "$_=$count{$_}\n" for sort { $count{$b} <=> $count{$a} || $a cmp $b } keys %count;
my @deep = (
    {
        name => 'a',
        list => [1 .. 5]
    },
    {
        name => 'b',
        list => [map { $_ ** 2 } 1 .. 4]
    }
);
print "$_->{name}: @{$_->{list}}[1..2] last $#{$_->{list}} $$_{list}[-1]\n" for @deep;
my ($x, @rest) = reverse 1 .. 5;
print "$x @rest[0, 1] @{[scalar @rest]}\n";
my @slice = @{{ a => 1, b => 2, c => 3 }}{qw(c a)};
print "@slice ", join(',', splice(@{[1 .. 9]}, 2, 3)), ' ', wantarray() // 'undef', "\n";
sub context { return wantarray ? 'list' : defined(wantarray) ? 'scalar' : 'void' }
my @l = context();
my $s = context();
print "$l[0] $s\n";
my @counters = map {
    my $n = $_ * 10;
    sub { return $n++ }
} 1 .. 3;
$_->() for @counters;
print join(' ', map { $_->() } @counters), "\n";
sub fib { my $n = shift; return $n < 2 ? $n : fib($n - 1) + fib($n - 2) }
print 'fib ', fib(17), "\n";

package Shape {
    sub new { my ($class, %o) = @_; return bless {%o}, $class }
    sub area { 0 }
    sub DESTROY { print "destroyed $_[0]{name}\n" }
    sub describe { my $self = shift; return sprintf '%s %s %.3f', ref $self, $self->{name}, $self->area }
    use overload
        '+' => sub { $_[0]->area + (ref $_[1] ? $_[1]->area : $_[1]) },
        '""' => sub { 'Shape(' . $_[0]{name} . ')' },
        '==' => sub { $_[0]->area == $_[1]->area },
        'bool' => sub { 1 };
}
package Circle {
    our @ISA = ('Shape');
    sub area { 3.14159265358979 * $_[0]{r} ** 2 }
}
package Square {
    use parent -norequire, 'Shape';
    sub area { $_[0]{s} ** 2 }
    sub AUTOLOAD { our $AUTOLOAD; return if $AUTOLOAD =~ /DESTROY/; return "auto $AUTOLOAD" }
}
package main;
{
    my ($c, $q) = (
        Circle->new(
            name => 'round',
            r => 2
        ),
        Square->new(
            name => 'box',
            s => 3
        )
    );
    print $c->describe, '; ', $q->describe, '; ', $c + $q, " $c ", $q->nonsense, ' ', $c->isa('Shape') ? 'isa' : 'not',
        ' ', Circle->can('area') ? 'can' : 'cannot', "\n";
}

for my $text ('2024-02-29', '192.168.10.254', 'key = value # note', 'aabbcc', "Grüße ΑΒΓ") {
    print "date $1/$2/$3\n" if $text =~ /^(\d{4})-(\d\d)-(\d\d)$/;
    print "ip ", join('|', $text =~ /(\d+)/g), "\n" if $text =~ /^(?:\d{1,3}\.){3}\d+$/;
    print "named $+{k} -> $+{v}\n" if $text =~ /^(?<k>\w+)\s*=\s*(?<v>\w+)/;
    (my $doubled = $text) =~ s/((.)\2)/<$1>/g;
    print "$doubled\n";
    print uc $text, ' ', length $text, ' ', scalar reverse($text), ' ', ucfirst lc $text, "\n";
}
my $nested = '(a(b)(c(d)))';
print "balanced: $&\n" if "x${nested}y(" =~ /(\((?:[^()]++|(?1))*\))/;
(my $t = 'price 10 and 20') =~ s/(\d+)/$1 * 1.5/ge;
print "$t\n";
print join('|', split /(,)|;/, 'a,b;c'), ' ', ('abcd' =~ tr/a-c/A-C/r), ' ', ('hello' =~ tr/l//), "\n" if 1;
no warnings 'uninitialized';
print "pos ", pos($t) // 'none', "\n";
while ($t =~ /\G.*?(\d+)/gc) { print "at ", pos $t, " $1\n" }
print join(',', 'abc' =~ /(?=(\w+))/g), ' ', 'foobar' =~ /foo(?!baz)/ ? 'yes' : 'no', ' ',
    join('-', 'a1b2' =~ /([a-z])(\d)/g), "\n";
printf "%s %5.2f|%-6s|%06d|%x|%o|%b|%e|%g|%+d|%%|%c|%vd|%*d|%2\$s\n", 'str', 3.14159, 'ab', 42, 255, 8, 10,
    12345.678, 1e-5, 7, 955, '1.22.333', 5, 42;
print 1 / 3, ' ', 1e21, ' ', 0.1 + 0.2, ' ', 1e15 + 0.3, ' ', 9**20, ' ', -17 % 5, ' ', 2**63, ' ', ~0, ' ',
    18446744073709551615 + 1, ' ', int(-3.7), ' ', 10 <=> 9, ' ', 'a' x 3, ' ', '10' + '20', ' ', '3 apples' * 2,
    ' ', 0x1f, ' ', 0b101, ' ', 1_000, ' ', 'inf' + 0, ' ', 9**9**9 - 9**9**9, "\n";
print join(' ', map { sprintf '%.15g', $_ } sqrt 2, sin 1, cos 1, atan2(1, 2), exp 1, log 10), ' ', hex('ff'),
    oct('0x1F'), oct('755'), oct('0b11'), ' ', ord('€'), chr 8364, ' ', lc 'ÄÖ', ' ', abs -3, "\n";
print unpack('H*', pack('nNvVCc w A5 a3 Z* q> d>', 1, 2, 3, 4, 5, -6, 300, 'ab', 'cd', 'ef', -7, 1.5)), ' ',
    join(',', unpack('(A2)*', 'aabbcc')), ' ', unpack('%32C*', 'checksum'), ' ', join(',', unpack 'U*', 'añ'), ' ',
    unpack('b8', 'A'), "\n";
eval { die { code => 42 } };
print "died with $@->{code}\n";
eval { die "text\n" };
print "error $@";
eval { my $z = 0; my $r = 1 / $z };
print $@ =~ /^(.*) at/, "\n";
eval 'syntax error here (';
print $@ ? "does not parse\n" : "parsed\n";
{
    local $@;
    local $SIG{__DIE__} = sub { print "handler: $_[0]" };
    eval { die "again\n" }
}
{
    local $SIG{__WARN__} = sub { print "warned: $_[0]" };
    warn "careful\n"
}
our $global = 'outer';
sub show { $global }
{ local $global = 'inner'; print show(), ' ' }
print show(), "\n";
package Upper {
    sub TIESCALAR { my $v; bless \$v }
    sub STORE { ${$_[0]} = uc $_[1] }
    sub FETCH { ${$_[0]} }
}
tie my $tied, 'Upper';
$tied = 'shout';
print "$tied\n";
use feature qw(say state fc signatures postderef);
no warnings 'experimental';
sub next_id { state $id = 100; return ++$id }
say next_id() + next_id();
say fc 'ẞ' eq fc 'ss' ? 'fold' : 'none';
sub signature($first, $second = 2, @others) { return "$first-$second-@others" }
say signature(1), ' ', signature(1, 5, 6, 7);
my $aref = [3, 1, 2];
say "@{[sort $aref->@*]}";
OUTER: for my $i (1 .. 3) {
    for my $j (1 .. 3) { next OUTER if $j == 2; last OUTER if $i == 3; print "$i$j " }
}
print "\n";
my $i = 0;
do { $i++ } until $i >= 3;
print "$i ", join(',', grep { $_ & 1 } 1 .. 9), ' ', (sort { $b <=> $a } 10, 9, 100)[0], "\n";
my @sorted = map { $_->[1] }
    sort { $a->[0] <=> $b->[0] or $a->[1] cmp $b->[1] } map { [length, $_] } qw(pear fig apple kiwi);
print "@sorted @{[exists $count{cat}, delete $count{cat}, exists $count{cat} || 0]}\n";
my %h;
@h{'a' .. 'e'} = 1 .. 5;
print join(',', map { "$_$h{$_}" } sort keys %h), ' ', scalar(%h), ' ', join(',', sort { $a <=> $b } values %h),
    ' ', join(',', %h{'a', 'b'}), "\n";
format STDOUT_TOP =
Name       Amount Comment
---------------------------------
.
format STDOUT =
@<<<<<<<< @##.## @|||||||||| @<<<<<<<
$main::n, $main::a, $main::c, $main::long
.
our ($n, $a1, $c, $long);
our $a;
for (['one', 1.5, 'mid'], ['seven', 22.333, 'x']) { ($n, $a, $c) = @$_; $long = 'wraps over lines'; write }
my $heredoc = <<~END . <<'RAW'; print $heredoc;
    indented $x
      more @{[1 + 1]}
    END
raw $x
RAW
my $sieve = '';
my $limit = 20000;
vec($sieve, $_, 1) = 1 for 0, 1;
for my $p (2 .. sqrt $limit) {
    next if vec $sieve, $p, 1;
    for (my $m = $p * $p; $m <= $limit; $m += $p) { vec($sieve, $m, 1) = 1 }
}
print scalar(grep { !vec $sieve, $_, 1 } 0 .. $limit), " primes\n";
my %words;
my $seed = 42;
for (1 .. 20000) {
    $seed = ($seed * 1103515245 + 12345) & 0x7fffffff;
    $words{'w' . $seed % 500} .= chr(97 + $seed % 26);
}
my $sum = 0;
$sum += length for values %words;
print scalar(keys %words), " $sum ", substr(join('', map { $words{$_} } sort keys %words), 0, 40), "\n";
print sprintf('%vd', 'v5.40') , ' ', __LINE__ > 50 ? 'long' : 'short', ' ', (caller(0))[3] // 'main', ' ',
    join(',', map { ref } \1, [], {}, sub { }, \\1, qr/x/, \*STDOUT), "\n";
print sort({ $a <=> $b } 3, 1, 2), ' ', lcfirst 'ABC', ' ', ucfirst 'abc', ' ', join(':', (1) x 3), ' ',
    "\x{263a}\N{U+2603}", ' ', sprintf('%s', 1e5), ' ', 'abc' lt 'abd', ' ', 'z' . ++(my $az = 'az'), ' ',
    ++(my $zz = 'Zz'), "\n";
END { print "end block $?\n" }
exit 3;
