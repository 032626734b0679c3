// Package browsertest drives a headless Chromium from tests.
//
//	b := browsertest.Start(t)
//	b.Do(chromedp.Navigate(url), chromedp.SendKeys(chromedp.CSS("#login"), "anna\r"))
//	greeting := browsertest.Get(b, chromedp.Text(chromedp.CSS("h1")))
//	b.Screenshot("welcome.png")
//
// Every Browser is a process of its own with an empty profile, so that no cookie outlives its test,
// and ends with the test.
//
// Where Chromium is not installed, tests skip, and say what to install; with chromium in the
// comma-separated PATCHBAY_TEST_REQUIRE they fail instead.
package browsertest
