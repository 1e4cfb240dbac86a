"""What a person sees of the page, and does on it, while the story is told beside it."""

import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile

from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

PATIENCE = 90  # seconds, for a machine that is busy with something else
FLAGS = [
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--window-size=1400,1000",
]
PROGRAM, PICTURES = sys.argv[1], pathlib.Path(sys.argv[2])
GET = "//li[contains(@class, 'site')][.//button[contains(@class, 'head')][contains(., 'calls::call_get') and not(contains(., 'call_get_'))]]"


def check(held, what):
    print(("ok      " if held else "FAILED  ") + what, flush=True)
    if not held:
        sys.exit(1)


class Page:
    def __init__(self, driver):
        self.driver = driver

    def one(self, css):
        return self.driver.find_element(By.CSS_SELECTOR, css)

    def all(self, css):
        return self.driver.find_elements(By.CSS_SELECTOR, css)

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def wait(self, what, until):
        try:
            WebDriverWait(self.driver, PATIENCE, poll_frequency=0.05).until(lambda _: until())
        except Exception as error:
            print(error, file=sys.stderr)
            self.picture("failed")
            check(False, what)
        check(True, what)

    def picture(self, name):
        self.driver.save_screenshot(str(PICTURES / f"{name}.png"))

    def site(self):
        return self.driver.find_element(By.XPATH, GET)

    def status(self):
        return self.site().get_attribute("data-status")

    def text(self, css):
        # In one step: what is looked at may be drawn anew meanwhile.
        return self.run("return document.querySelector(arguments[0])?.innerText ?? ''", css)

    def names(self):
        return self.run("return [...document.querySelectorAll('#sites .name')].map((name) => name.textContent)")

    def layer(self, name):
        return f"#sites .detail:not([hidden]) [data-layer='{name}']"

    def press(self, css):
        """Goes there with the focus and presses enter, as who has no mouse."""
        focus = "const there = document.querySelector(arguments[0]); there?.focus(); return there !== null"
        WebDriverWait(self.driver, PATIENCE, poll_frequency=0.05).until(lambda _: self.run(focus, css))
        # To whatever has the focus: what was drawn anew meanwhile has it still.
        ActionChains(self.driver).send_keys(Keys.ENTER).perform()

    def write(self, css, *keys):
        field = self.one(css)
        field.clear()
        field.send_keys(*keys)


def emulate(driver, scheme, phone=False):
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
    if phone:
        size = {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True}
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    else:
        driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def an_outage(page):
    page.wait("the page is live", lambda: page.text("#link") == "live")
    page.wait("every function is listed", lambda: len(page.names()) >= 10)
    page.wait("calls go well at first", lambda: page.status() in ("fine", "failing"))
    page.site().find_element(By.CSS_SELECTOR, ".head").click()
    stack = page.run("return [...document.querySelectorAll('.detail:not([hidden]) [data-layer]')].map((layer) => layer.dataset.layer)")
    check(stack == ["fallback", "timeout", "retry", "timeout#2", "circuit_breaker"], f"the stack, outermost first: {stack}")
    breaker = page.layer("circuit_breaker") + " .standing"
    page.wait("the breaker is seen to open", lambda: page.text(breaker).startswith(("open", "half-open")))
    page.picture("open")
    page.wait("the breaker is seen to close again", lambda: page.text(breaker).startswith("closed"))
    decisions = page.text("#events")
    check("closed -> open: " in decisions, "that it opened, and why, is among the decisions")
    check("refused: the circuit breaker is open" in decisions, "what was refused is among the decisions")
    check("half-open -> closed: the probes succeeded" in decisions, "that it closed is among the decisions")
    counts = page.text(page.layer("circuit_breaker") + " > .counted")
    check("opened" in counts and "refused" in counts, f"it counts: {', '.join(counts.split(chr(10)))}")


def how_it_looks(page):
    for scheme in ("light", "dark"):
        emulate(page.driver, scheme)
        page.picture(scheme)
    dark = page.run("return getComputedStyle(document.body).backgroundColor")
    emulate(page.driver, "light")
    light = page.run("return getComputedStyle(document.body).backgroundColor")
    check(dark != light, f"dark ({dark}) is not light ({light})")
    emulate(page.driver, "light", phone=True)
    page.picture("phone")
    too_wide = page.run("return document.documentElement.scrollWidth - document.documentElement.clientWidth")
    check(too_wide <= 0, "on a phone nothing has to be scrolled sideways")
    emulate(page.driver, "light")


def by_keyboard(page):
    body = page.one("body")
    page.run("document.activeElement.blur()")
    body.send_keys("/")
    check(page.run("return document.activeElement.id") == "search", "/ goes to the search")
    page.one("#search").send_keys("call_store")
    check([name.split("::")[-1] for name in page.names()] == ["call_store"], "the search finds one function")
    page.one("#search").send_keys(Keys.ARROW_DOWN)
    head = page.driver.switch_to.active_element
    check(head.get_attribute("class") == "head", "an arrow goes to it")
    head.send_keys(Keys.ENTER)
    check(head.get_attribute("aria-expanded") == "true", "enter opens it")
    head.send_keys(Keys.ENTER)
    check(head.get_attribute("aria-expanded") == "false", "and closes it")
    page.one("#search").send_keys(Keys.ESCAPE)
    check(len(page.names()) >= 10, "escape shows all again")
    page.run("const sort = document.getElementById('sort'); sort.value = 'name'; sort.dispatchEvent(new Event('input'))")
    names = page.names()
    check(names == sorted(names), "they are sorted by name")


def what_can_be_done(page):
    """By keyboard: what is done is seen though the focus stays where it was."""
    retry, breaker = page.layer("retry"), page.layer("circuit_breaker")
    count = retry + " > .settings .value[data-key='set count of retry']"
    page.press(count)
    page.write("#ask-value", "0", Keys.ENTER)
    page.wait("a bad value is refused with the reason", lambda: "`count` takes a whole number" in page.text("#ask-error"))
    page.run("act({ site: arguments[0], layer: 'retry', action: 'set', knob: 'count', value: '5' })", page.site().get_attribute("data-name"))
    page.wait("somebody else changes it meanwhile", lambda: page.text(count).startswith("5"))
    page.write("#ask-value", "4", Keys.ENTER)
    page.wait("a setting is changed, and by whom is said", lambda: page.text(count).startswith("4") and "handle" in page.text(retry + " > .settings"))
    page.wait("the focus is where it was", lambda: page.run("return document.activeElement.dataset.key") == "set count of retry")
    page.press(retry + " > .settings [aria-label^='take back count']")
    page.wait("it is taken back", lambda: "handle" not in page.text(retry + " > .settings"))
    page.press(breaker + " .acts [data-action='force_open']")
    page.press("#ask-yes")
    page.wait("a breaker is forced open", lambda: page.status() == "forced")
    page.picture("forced")
    page.press(breaker + " .acts [data-action='reset']")
    page.press("#ask-yes")
    page.wait("and reset", lambda: page.status() != "forced")
    page.press("#all-off")
    page.press("#ask-yes")
    page.wait("everything is switched off", lambda: "switched off" in page.text("#switch"))
    page.press("#all-on")
    page.wait("and on again, by hand", lambda: "all on by handle" in page.text("#switch"))
    page.press("#all-release")
    page.wait("and the hand is taken away", lambda: "handle" not in page.text("#switch"))


def safety(page, address):
    asked = page.run(
        "return fetch('/api/act', {method: 'POST', headers: {'content-type': 'application/json'},"
        " body: '{\"action\": \"all_off\"}'}).then((answer) => answer.status)")
    check(asked == 403, "an action without the page's header is refused")
    own = f"http://{address}/"
    loaded = page.run("return performance.getEntriesByType('resource').map((one) => one.name)")
    check(all(one.startswith(own) for one in loaded), "nothing was loaded from elsewhere")
    complaints = [entry for entry in page.driver.get_log("browser") if "403" not in entry["message"] and "400" not in entry["message"]]
    check(not complaints, f"the browser has nothing to complain of {complaints}")


def look(address, story):
    options = webdriver.ChromeOptions()
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    with tempfile.TemporaryDirectory() as profile:
        for flag in [*FLAGS, f"--user-data-dir={profile}"]:
            options.add_argument(flag)
        service = webdriver.ChromeService(shutil.which("chromedriver"))
        driver = webdriver.Chrome(options=options, service=service)
        try:
            page = Page(driver)
            driver.get(f"http://{address}/")
            an_outage(page)
            how_it_looks(page)
            by_keyboard(page)
            stays = story.stderr.readline().strip()
            check(stays.startswith("the page stays at "), stays)
            page.wait("after the story the page is still there", lambda: page.text("#link") == "live")
            # Not before: the story is about what holds with all of its layers.
            what_can_be_done(page)
            safety(page, address)
            story.send_signal(signal.SIGINT)
            check(story.wait(PATIENCE) == 0, "ctrl-c ends it, and every claim of the story held")
            page.wait("the page says that nobody is there any more", lambda: page.text("#link").startswith("not connected"))
        finally:
            driver.quit()


def main():
    command = [PROGRAM, "--json", "--dashboard", "127.0.0.1:0"]
    story = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        line = story.stderr.readline().strip()
        check(line.startswith("the page is at http://127.0.0.1:"), line)
        look(line.removeprefix("the page is at http://").rstrip("/"), story)
    finally:
        story.kill()
        story.wait()


main()
