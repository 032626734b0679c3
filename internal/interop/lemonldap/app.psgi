# LemonLDAP::NG 2.16's portal as an identity provider for patchbay's tests. Its configuration is what the file
# named in LLNG_DEFAULTCONFFILE says; see lemonldap_test.go. PATCHBAY_TEST_PEOPLE names who can log in, separated
# by spaces: each has the password that is the name, as all have who come with its module Demo.
use strict;
use warnings;
use Plack::Builder;
use Plack::Util;
use Lemonldap::NG::Portal::Main;
use Lemonldap::NG::Portal::UserDB::Demo;

%Lemonldap::NG::Portal::UserDB::Demo::demoAccounts =
  map { ( $_ => { uid => $_, cn => 'A Person', mail => "$_\@acme.example" } ) } split / /, $ENV{PATCHBAY_TEST_PEOPLE};

# Its usual one draws pictures, and is loaded although nothing asks for it.
{
    package Lemonldap::NG::Portal::Captcha::None;
    use Mouse;
    extends 'Lemonldap::NG::Common::Module';
    sub init { 1 }
    $INC{'Lemonldap/NG/Portal/Captcha/None.pm'} = __FILE__;
}

# It insists on a domain for its cookies, and browsers keep none for all of localhost.
my $hostOnly = sub {
    my $headers = $_[0]->[1];
    for my $i ( map { 2 * $_ } 0 .. $#$headers / 2 ) {
        $headers->[ $i + 1 ] =~ s/; domain=[^;]*//i if lc $headers->[$i] eq 'set-cookie';
    }
};

builder {
    enable 'Static', path => qr{^/static/}, root => '/usr/share/lemonldap-ng/portal/htdocs/';
    enable sub {
        my $app = shift;
        sub { Plack::Util::response_cb( $app->(@_), $hostOnly ) }
    };
    Lemonldap::NG::Portal::Main->run( {} );
};
