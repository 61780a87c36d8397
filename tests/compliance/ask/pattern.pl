# Asks perl whether patterns match. Lines: pattern, flags, text, anything.
use strict; use warnings;
while (my $line = <STDIN>) {
  chomp $line;
  next if $line =~ /^# /;
  my ($pattern, $flags, $text) = split /\t/, $line, -1;
  my ($written, $meant) = ($pattern =~ /^(.*)\z/s, $text);
  ($flags) = $flags =~ /^([a-z]*)\z/;
  $written =~ s/<NL>/\n/g;
  s/<NL>/\n/g, s/<CR>/\r/g, s/<TAB>/\t/g for $meant;
  my $found = eval "no strict; no warnings; \$meant =~ m\x01$written\x01$flags ? 1 : 0";
  die "$pattern: $@" if $@;
  print "$pattern\t$flags\t$text\t$found\n";
}
