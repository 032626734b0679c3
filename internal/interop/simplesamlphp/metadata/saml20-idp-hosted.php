<?php
// As docs/idps/simplesamlphp.md advises, and the options of one test.
$idp = json_decode(file_get_contents(getenv('PATCHBAY_TEST_IDP') . '/idp.json'), true);

$metadata["{$idp['base']}/saml2/idp/metadata.php"] = $idp['options'] + [
    'host' => '__DEFAULT__',
    'privatekey' => 'idp.key',
    'certificate' => 'idp.crt',
    'auth' => 'people',
    'NameIDFormat' => 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent',
    'authproc' => [
        3 => ['class' => 'saml:PersistentNameID', 'attribute' => 'uid'],
    ],
    'validate.authnrequest' => true,
    'sign.logout' => true,
    'validate.logout' => true,
    'SingleSignOnServiceBinding' => [
        'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect',
        'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST',
    ],
    'SingleLogoutServiceBinding' => [
        'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect',
        'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST',
    ],
];
