// SPDX-License-Identifier: Apache-2.0
// Findings as text and as JSON.
#include <sbx/doctor.hpp>

#include <catch2/catch.hpp>

#include <sstream>

using namespace sbx;

namespace {

using State = Finding::State;

const Finding kernel = {
    .name = "kernel", .fact = "Linux 6.1", .purpose = "all of it", .required = true};
const Finding gone = {.name = "parts",
                      .state = State::missing,
                      .fact = "not \"there\"",
                      .purpose = "the main job",
                      .remedy = "as root, make some",
                      .required = true};
const Finding few = {.name = "more",
                     .state = State::limited,
                     .fact = "a few",
                     .purpose = "some options",
                     .remedy = "make more"};

Finding missing_option() {
    Finding out = few;
    out.state = State::missing;
    return out;
}

}  // namespace

TEST_CASE("only what is required and missing keeps sandboxes from running") {
    Finding scarce = gone;
    scarce.state = State::limited;
    CHECK(can_run({}));
    CHECK(can_run({kernel, few}));
    CHECK(can_run({kernel, missing_option()}));
    CHECK(can_run({kernel, scarce}));
    CHECK_FALSE(can_run({kernel, gone}));
}

TEST_CASE("findings as text") {
    CHECK(describe({kernel, few, missing_option()}) ==
          "sbx works here; limited or missing for some options: more, more\n"
          "\n"
          "needed by every sandbox:\n"
          "  good     kernel  Linux 6.1\n"
          "                   for all of it\n"
          "\n"
          "needed by some, or in the way of all:\n"
          "  limited  more    a few\n"
          "                   for some options\n"
          "                   -> make more\n"
          "  missing  more    a few\n"
          "                   for some options\n"
          "                   -> make more\n");
    CHECK(describe({kernel, gone}) ==
          "sbx does not work here: parts: not \"there\"\n"
          "-> as root, make some\n"
          "\n"
          "needed by every sandbox:\n"
          "  good     kernel  Linux 6.1\n"
          "                   for all of it\n"
          "  missing  parts   not \"there\"\n"
          "                   for the main job\n"
          "                   -> as root, make some\n"
          "\n"
          "needed by some, or in the way of all:\n");
    CHECK(describe({kernel}).rfind("sbx works here\n", 0) == 0);
}

TEST_CASE("lines are broken between words, and their rest is below their beginning") {
    Finding wordy = gone;
    wordy.remedy.clear();
    for (int i = 0; i < 60; ++i) wordy.remedy += (i == 0 ? "" : " ") + std::string("word");
    const std::string text = describe({wordy});
    INFO(text);
    std::istringstream lines(text);
    std::size_t broken = 0;
    for (std::string line; std::getline(lines, line);) {
        CHECK(line.size() <= 96);
        if (line.rfind("                     word", 0) == 0) ++broken;
    }
    CHECK(broken > 2);
    wordy.remedy = std::string(200, 'x');
    CHECK(describe({wordy}).find("\n                  -> " + std::string(200, 'x') + "\n") !=
          std::string::npos);
}

TEST_CASE("findings as JSON") {
    CHECK(describe_json({kernel, gone}) == R"({
  "can_run": false,
  "kernel": "Linux 6.1",
  "findings": [
    {
      "name": "kernel",
      "state": "good",
      "required": true,
      "fact": "Linux 6.1",
      "purpose": "all of it",
      "remedy": ""
    },
    {
      "name": "parts",
      "state": "missing",
      "required": true,
      "fact": "not \"there\"",
      "purpose": "the main job",
      "remedy": "as root, make some"
    }
  ]
}
)");
    CHECK(describe_json({few}).find("\"can_run\": true,\n  \"kernel\": null") != std::string::npos);
    CHECK(describe_json({few}).find("\"state\": \"limited\"") != std::string::npos);
}
