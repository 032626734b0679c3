<?php
// SimpleSAMLphp 1.19 as an identity provider for patchbay's tests: what a real one's config.php says, and
// everything that it writes in the directory of one test, PATCHBAY_TEST_IDP. What differs between tests is
// in idp.json there; see simplesamlphp_test.go.
$dir = getenv('PATCHBAY_TEST_IDP');
$idp = json_decode(file_get_contents("$dir/idp.json"), true);

$config = [
    'baseurlpath' => "{$idp['base']}/",
    'certdir' => "$dir/",
    'loggingdir' => "$dir/",
    'datadir' => "$dir/",
    'tempdir' => "$dir/temp",
    'metadatadir' => __DIR__ . '/metadata',
    'technicalcontact_email' => 'na@example.org',
    'secretsalt' => 'a test, not a secret',
    'auth.adminpassword' => 'a test, but nobody logs in as that',
    'timezone' => 'UTC',
    'trusted.url.regex' => true, // where logouts end: any port of loopback
    'trusted.url.domains' => ['127\.0\.0\.1:[0-9]+'],
    'logging.handler' => 'file',
    'logging.level' => SimpleSAML\Logger::INFO,
    'logging.logfile' => 'idp.log',
    'showerrors' => true,
    'errorreporting' => false,
    'enable.saml20-idp' => true,
    'module.enable' => ['exampleauth' => true, 'core' => true, 'saml' => true],
    'session.cookie.secure' => false, // loopback has no https
    'session.cookie.samesite' => null,
    'store.type' => 'sql', // artifacts need a store
    'store.sql.dsn' => "sqlite:$dir/store.sqlite",
    'metadata.sources' => [
        ['type' => 'flatfile'],
        // patchbay's metadata, as its administrator would save it: one file for each connection
        ...array_map(fn ($file) => ['type' => 'xml', 'file' => $file], glob("$dir/sp-*.xml")),
    ],
];
