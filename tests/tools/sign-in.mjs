// The user, in a real browser: opens an authorization URL, allows, signs in, and stays until the client's page is there.
// `node sign-in.mjs URL USERNAME PASSWORD LOG` writes one line to LOG: how it ended. CHROME in the environment is the browser.

import { appendFileSync, readFileSync } from 'node:fs';
import { chromium } from 'playwright-core';

const [url, username, password, log] = process.argv.slice(2);
const client = new URL(new URL(url).searchParams.get('redirect_uri'));
const driver = JSON.parse(readFileSync(new URL('webdriver.json', import.meta.url), 'utf8'));

const signIn = async (page) => {
    await page.goto(url);
    await page.locator('button[name=decision][value=allow]').click();
    await page.locator('input[name=username]').fill(username);
    await page.locator('input[name=password]').fill(password);
    await page.locator('input[name=signInSubmitButton]').click();
    await page.waitForURL((at) => at.host === client.host && at.pathname === client.pathname);
};

const browser = await chromium.launch({
    executablePath: process.env.CHROME,
    args: driver['goog:chromeOptions'].args,
});
const page = await (await browser.newContext()).newPage();
page.setDefaultTimeout(30_000);
try {
    await signIn(page);
    appendFileSync(log, `signed in for ${client.origin}${client.pathname}\n`);
} catch (error) {
    // Where it was, without the query: that has secrets in it.
    const at = page.url().split('?')[0];
    appendFileSync(log, `failed at ${at}: ${String(error.message).split('\n')[0]}\n`);
    process.exitCode = 1;
} finally {
    await browser.close();
}
