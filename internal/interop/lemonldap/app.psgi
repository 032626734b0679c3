# LemonLDAP::NG 2.16's portal as an identity provider for patchbay's tests. Its configuration is what the file
# named in LLNG_DEFAULTCONFFILE says; see lemonldap_test.go. PATCHBAY_TEST_PEOPLE names who can log in, separated
# by spaces: each has the password that is the name, as all have who come with its module Demo.
use strict;
use warnings;
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

Lemonldap::NG::Portal::Main->run( {} );
