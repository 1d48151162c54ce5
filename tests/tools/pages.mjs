// Looks at every page in a real browser: `node pages.mjs ISSUER USERNAME PASSWORD DOCUMENT OTHER FOLDER`. DOCUMENT is the URL
// of a client's metadata, OTHER an edge with several resources, CHROME in the environment the browser. Each check is a line, `ok` or `FAIL`; pictures of the pages go to FOLDER.

import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const [issuer, username, password, described, other, folder] = process.argv.slice(2);
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const driver = JSON.parse(readFileSync(new URL('webdriver.json', import.meta.url), 'utf8'));
// The client's address, and a page of another site. Not routed in the browser, which lets redirects pass.
let elsewhere = '';
const server = createServer((request, response) => {
    const isPage = request.url === '/page';
    response.setHeader('content-type', isPage ? 'text/html' : 'text/plain').end(isPage ? elsewhere : 'The client has it.');
});
await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
const CLIENT = `http://127.0.0.1:${server.address().port}`;
const LOOPBACK = `${CLIENT}/callback`;
const APPLICATION = 'edgeward-tests://application/callback';

let failed = false;
const check = async (what, act) => {
    try {
        await act();
        console.log(`ok    ${what}`);
    } catch (error) {
        failed = true;
        console.log(`FAIL  ${what}: ${String(error.message).split('\n')[0]}`);
    }
};
const must = (good, why) => {
    if (!good) throw new Error(why);
};

const register = async (redirectUri, more = {}) => {
    const metadata = { client_name: 'Weather Desk', redirect_uris: [redirectUri], token_endpoint_auth_method: 'none', ...more };
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${issuer}/register`, { method: 'POST', headers, body: JSON.stringify(metadata) });
    return (await answer.json()).client_id;
};
const authorization = (clientId, redirectUri) => {
    const challenge = createHash('sha256').update(randomBytes(32)).digest('base64url');
    const request = { response_type: 'code', client_id: clientId, redirect_uri: redirectUri, state: randomBytes(8).toString('hex'), scope: 'read write' };
    return `${issuer}/authorize?${new URLSearchParams({ ...request, code_challenge: challenge, code_challenge_method: 'S256' })}`;
};

const browser = await chromium.launch({ executablePath: process.env.CHROME, args: driver['goog:chromeOptions'].args });
/** A user with a browser of their own. */
const visit = async (options, act) => {
    const context = await browser.newContext(options);
    context.setDefaultTimeout(15_000);
    try {
        return await act(await context.newPage(), context);
    } finally {
        await context.close();
    }
};
/** Sets the edge's clock so many seconds ahead. */
const moveClock = async (ahead) => must((await fetch(`${issuer}/test-clock?${ahead}`)).status === 204, 'no clock');
const button = (page, decision) => page.locator(`button[name=decision][value=${decision}]`);
const logIn = async (page) => {
    await page.locator('input[name=username]').fill(username);
    await page.locator('input[name=password]').fill(password);
    await page.locator('input[name=signInSubmitButton]').click();
};
const atClient = (page) => page.waitForURL((url) => url.href.startsWith(LOOPBACK));
const answer = (page) => new URL(page.url()).searchParams;

const desk = await register(LOOPBACK);
const application = await register(APPLICATION, { client_name: 'An application' });
/** Up to Cognito, and back from it with an error. */
const refused = async (page, description) => {
    await page.goto(authorization(desk, LOOPBACK));
    await button(page, 'allow').click();
    await page.locator('input[name=password]').waitFor();
    const state = new URL(page.url()).searchParams.get('state');
    await page.goto(`${issuer}/callback?${new URLSearchParams({ error_description: description, state, error: 'invalid_request' })}`);
};
const states = {
    consent: async (page) => page.goto(authorization(desk, LOOPBACK)),
    'consent-elsewhere': async (page) => {
        const away = 'https://away.example/callback';
        await page.goto(authorization(await register(away, { client_uri: 'https://home.example/' }), away));
    },
    'consent-described': async (page) => page.goto(authorization(described, new URL('/callback', described).href)),
    application: async (page) => {
        await page.goto(authorization(application, APPLICATION));
        await button(page, 'deny').click();
    },
    error: async (page) => page.goto(`${issuer}/authorize?client_id=unknown`),
    expired: async (page) => {
        await page.goto(authorization(desk, LOOPBACK));
        await moveClock(660);
        await button(page, 'allow').click();
        await moveClock(0);
        const text = await page.locator('main').innerText();
        must(text.includes('more than ten minutes') && text.includes('connect again'), text);
    },
    refused: async (page) => refused(page, 'PreSignUp failed with error Only members of the weather team may use this. Ask weather@acme.example for access.'),
    linked: async (page) => refused(page, 'Already found an entry for username Google_1029384756'),
    start: async (page) => page.goto(`${issuer}/`),
    'start-several': async (page) => page.goto(`${other}/`),
    'signed-out': async (page) => page.goto(`${issuer}/signed-out`),
};

/** In pictures of the start page, the edge has the same address each time. Runs in the page. */
const showStableAddress = () => {
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
        const text = texts.currentNode;
        text.data = text.data.replaceAll(/http:\/\/localhost:\d+/g, 'https://mcp.example.com').replaceAll(/localhost-\d+/g, 'mcp-example-com');
    }
};
for (const [state, open] of Object.entries(states)) {
    for (const colorScheme of ['light', 'dark']) {
        const viewport = colorScheme === 'light' ? { width: 320, height: 720 } : { width: 1024, height: 720 };
        await check(`${state}, ${colorScheme}, ${viewport.width} pixels wide: nothing is cut off or blocked`, () =>
            visit({ viewport, colorScheme }, async (page) => {
                const said = [];
                // The login page on the way is Cognito's, and has no icon.
                const isIconElsewhere = (url) => url.endsWith('/favicon.ico') && !url.startsWith(issuer);
                page.on('console', (message) => isIconElsewhere(message.location().url) || said.push(message.text()));
                await open(page);
                if (state.startsWith('start')) await page.evaluate(showStableAddress);
                await page.screenshot({ path: join(folder, `${state}-${colorScheme}.png`), fullPage: true });
                const width = await page.evaluate(() => document.documentElement.scrollWidth);
                must(width <= viewport.width, `${width} pixels wide`);
                const complaints = said.filter((text) => !/status of (400|403|409)/.test(text));
                must(complaints.length === 0, complaints.join('; '));
            }),
        );
        // The page allows no script, the checker's neither.
        await check(`${state}, ${colorScheme}: axe finds nothing`, () =>
            visit({ viewport, colorScheme, bypassCSP: true }, async (page) => {
                await open(page);
                await page.evaluate(axe);
                const { violations } = await page.evaluate(() => globalThis.axe.run());
                must(violations.length === 0, violations.map(({ id, help }) => `${id}: ${help}`).join('; '));
            }),
        );
    }
}

await check('a click selects the URL of a resource, and nothing else', () =>
    visit({}, async (page) => {
        await states.start(page);
        await page.locator('.host code').click();
        const selected = await page.evaluate(() => String(getSelection()));
        must(selected.trim() === `${issuer}/mcp`, selected);
    }),
);
await check('the keyboard alone can answer', () =>
    visit({}, async (page) => {
        await page.goto(authorization(desk, LOOPBACK));
        for (let presses = 0; presses < 10; presses++) {
            await page.keyboard.press('Tab');
            if (await button(page, 'deny').evaluate((element) => element === document.activeElement)) break;
        }
        await page.keyboard.press('Enter');
        await atClient(page);
        must(answer(page).get('error') === 'access_denied', page.url());
    }),
);
await check('a user signs in; with a live session at Cognito, once more without a password', () =>
    visit({}, async (page) => {
        await page.goto(authorization(desk, LOOPBACK));
        await button(page, 'allow').click();
        await logIn(page);
        await atClient(page);
        must(answer(page).get('code'), 'no code');
        await page.goto(authorization(desk, LOOPBACK));
        await button(page, 'allow').click();
        await atClient(page);
        must(answer(page).get('code'), 'no second code');
    }),
);
await check('a user who is refused signs in as somebody else', () =>
    visit({}, async (page) => {
        await states.refused(page);
        await page.getByText('Sign in as somebody else').click();
        await logIn(page);
        await atClient(page);
        must(answer(page).get('code'), 'no code');
    }),
);
await check('a user who is refused goes back to the client', () =>
    visit({}, async (page) => {
        await states.refused(page);
        await page.getByText('Go back to the application').click();
        await atClient(page);
        must(answer(page).get('error') === 'access_denied', page.url());
    }),
);
await check('what is remembered is not asked again when the user opens the address, and is when a page does', () =>
    visit({}, async (page) => {
        await page.goto(authorization(desk, LOOPBACK));
        await page.locator('input[name=remember]').check();
        await button(page, 'allow').click();
        await logIn(page);
        await atClient(page);
        await page.goto(authorization(desk, LOOPBACK));
        await atClient(page);
        must(answer(page).get('code'), 'no code');
        elsewhere = `<a href="${authorization(desk, LOOPBACK).replaceAll('&', '&amp;')}">go</a>`;
        await page.goto(`${CLIENT}/page`);
        await page.locator('a').click();
        await button(page, 'allow').waitFor();
    }),
);
await check('two tabs do not disturb each other', () =>
    visit({}, async (page, context) => {
        const other = await context.newPage();
        await page.goto(authorization(desk, LOOPBACK));
        await other.goto(authorization(desk, LOOPBACK));
        await button(page, 'allow').click();
        await logIn(page);
        await atClient(page);
        await button(other, 'allow').click();
        await atClient(other);
        must(answer(page).get('code') && answer(other).get('code'), 'a code is missing');
    }),
);
await check('the back button leads to a page that can be answered', () =>
    visit({}, async (page) => {
        await page.goto(authorization(desk, LOOPBACK));
        await button(page, 'allow').click();
        await page.locator('input[name=password]').waitFor();
        await page.goBack();
        await button(page, 'allow').click();
        await logIn(page);
        await atClient(page);
        must(answer(page).get('code'), 'no code');
    }),
);
await check('a page that is reloaded, and a button that is pressed twice, lead on', () =>
    visit({}, async (page) => {
        await page.goto(authorization(desk, LOOPBACK));
        await page.reload();
        await button(page, 'allow').dblclick();
        await logIn(page);
        await atClient(page);
        must(answer(page).get('code'), 'no code');
    }),
);
await check('a page that was answered already says so', () =>
    visit({}, async (page, context) => {
        await page.goto(authorization(desk, LOOPBACK));
        await context.clearCookies();
        await button(page, 'allow').click();
        const text = await page.locator('main').innerText();
        must(text.includes('was answered already') && text.includes('connect again'), text);
    }),
);
await check('no page of another site can frame it', () =>
    visit({}, async (page) => {
        elsewhere = `<iframe src="${authorization(desk, LOOPBACK).replaceAll('&', '&amp;')}"></iframe>`;
        await page.goto(`${CLIENT}/page`);
        const frame = page.frames().find((frame) => frame !== page.mainFrame());
        must((await frame.locator('button').count()) === 0, 'the page is in the frame');
        must(frame.url().startsWith('chrome-error://'), frame.url());
    }),
);
await browser.close();
server.close();
process.exitCode = failed ? 1 : 0;
