<?php
$idp = json_decode(file_get_contents(getenv('PATCHBAY_TEST_IDP') . '/idp.json'), true);

$config = ['people' => ['exampleauth:UserPass'] + $idp['people']];
