// SPDX-License-Identifier: Apache-2.0
// What overlays can do depends on the kernel. Each test asks it, and states what holds either way.
// Besides, libsbx runs plans that say which file a source is, and plans that do not.
#include "place.hpp"
#include "sandbox.hpp"

#include <catch2/catch.hpp>

#include <sbx/host.hpp>
#include <sbx/plan.hpp>
#include <sbx/run.hpp>

#include <sys/mount.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <stdexcept>

namespace integration {
namespace {

constexpr Name both[] = {Name::sbx, Name::bwrap};
using Options = std::vector<std::string>;

// A process in namespaces of its own asks the kernel whether it can do a thing.
bool kernel_can(const std::function<bool()>& thing) {
    const std::string answer = in_child([&thing] {
        enter_own_namespaces(As::root);
        return std::string(thing() ? "yes" : "no");
    });
    if (answer != "yes" && answer != "no") throw std::runtime_error(answer);
    return answer == "yes";
}

// Linux 6.8 and later: the directories of an overlay, one by one.
bool takes_sources_one_by_one(const TemporaryDirectory& place) {
    return kernel_can([&place] {
        const Descriptor fs(::fsopen("overlay", FSOPEN_CLOEXEC));
        const auto set = [&fs](const std::string& source) {
            return ::fsconfig(fs.get(), FSCONFIG_SET_STRING, "lowerdir+", source.c_str(), 0) == 0;
        };
        return set(place.directory("high")) && set(place.directory("low")) &&
               ::fsconfig(fs.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) == 0;
    });
}

bool takes_user_attributes(const std::string& directory) {
    return ::setxattr(directory.c_str(), "user.sbx", "x", 1, 0) == 0;
}

// Linux 6.6 and later.
bool tmpfs_takes_user_attributes(const TemporaryDirectory& place) {
    return kernel_can([&place] {
        mount_or_throw("tmpfs", place.path(), "tmpfs", 0);
        return takes_user_attributes(place.path());
    });
}

// Names and contents of `count` layers, each with a file of its own and one that all have.
Options many_layers(const TemporaryDirectory& place, int count) {
    Options options;
    for (int i = 0; i < count; ++i) {
        const std::string layer = std::to_string(i);
        options.insert(options.end(), {"--overlay-src", place.directory(layer)});
        place.file(layer + "/" + layer, layer);
        place.file(layer + "/all", layer);
    }
    options.insert(options.end(), {"--tmp-overlay", "/d"});
    return options;
}

TEST_CASE("an overlay of as many layers as a line of options holds", "[sources]") {
    for (const Name name : both) {
        const TemporaryDirectory place;
        CHECK(output(sandbox(name, many_layers(place, 50),
                             {"read", "/d/all", ",", "read", "/d/0", ",", "read", "/d/49"})) ==
              "read ok 49\nread ok 0\nread ok 49\n");
    }
}

TEST_CASE("an overlay of more layers, from Linux 6.8 on, and what is said before", "[sources]") {
    const bool possible = takes_sources_one_by_one(TemporaryDirectory());
    for (const Name name : both) {
        const TemporaryDirectory place;
        const Ended ended =
            run(sandbox(name, many_layers(place, 120),
                        {"read", "/d/all", ",", "read", "/d/0", ",", "read", "/d/60", ",", "read",
                         "/d/119", ",", "write", "/d/0", "x"}));
        INFO(ended.err);
        if (possible) {
            CHECK(ended.status == 0);
            CHECK(ended.out == "read ok 119\nread ok 0\nread ok 60\nread ok 119\nwrite ok\n");
        } else {
            CHECK(ended.status == (name == Name::sbx ? 125 : 1));
            CHECK(contains(ended.err, "Linux takes 500 since 6.8, and 50 before"));
        }
    }
}

TEST_CASE("a directory of a source can be made anew where its file system can keep that",
          "[sources]") {
    const Options words = {"rmdir", "/d/gone", ",", "look",  "/d/gone",   ",",
                           "mkdir", "/d/gone", ",", "write", "/d/gone/x", "y"};
    const std::string always = "rmdir ok\nlook ENOENT\n";
    for (const Name name : both) {
        const TemporaryDirectory place;
        const std::string low = place.directory("low");
        const std::string gone = place.directory("low/gone");
        const std::string upper = place.directory("upper");
        const auto made_anew = [&](bool possible) {
            return always + (possible ? "mkdir ok\nwrite ok\n" : "mkdir EIO\nwrite ENOENT\n");
        };
        CHECK(output(sandbox(name, {"--overlay-src", low, "--tmp-overlay", "/d"}, words)) ==
              made_anew(tmpfs_takes_user_attributes(place)));
        const Options kept = {"--overlay-src",         low, "--overlay", upper,
                              place.directory("work"), "/d"};
        CHECK(output(sandbox(name, kept, words)) == made_anew(takes_user_attributes(upper)));
        CHECK(::access(gone.c_str(), F_OK) == 0);
    }
}

TEST_CASE("more layers than overlayfs takes", "[sources]") {
    for (const Name name : both) {
        const TemporaryDirectory place;
        Options options;
        for (int i = 0; i < 600; ++i) {
            options.insert(options.end(), {"--overlay-src", place.directory(std::to_string(i))});
        }
        options.insert(options.end(), {"--tmp-overlay", "/d"});
        const Ended ended = run(sandbox(name, options, {"exit", "0"}));
        CHECK(ended.status == (name == Name::sbx ? 125 : 1));
        CHECK(contains(ended.err, "Linux takes 500 since 6.8"));
        CHECK(std::count(ended.err.begin(), ended.err.end(), '\n') == 1);
    }
}

TEST_CASE("a plan is held to the files that it says, and takes what is there where it says none",
          "[sources]") {
    for (const bool says : {true, false}) {
        const TemporaryDirectory place;
        sbx::Spec spec;
        spec.entries.emplace_back(
            sbx::entry::Bind{payload_path(), "/payload", sbx::Access::read_only});
        spec.entries.emplace_back(sbx::entry::Bind{place.directory("low"), "/bound"});
        spec.entries.emplace_back(sbx::entry::Overlay{
            sbx::entry::Overlay::Changes::forgotten, {place.path() + "/low"}, {}, {}, "/overlay"});
        spec.command = {"/payload", "read", "/bound/file", ",", "read", "/overlay/file"};
        const auto host = sbx::probe_host(spec);
        REQUIRE(host);
        auto plan = sbx::make_plan(spec, *host);
        REQUIRE(plan);
        for (sbx::Step& step : plan->setup) {
            if (says) continue;
            if (auto* bind = std::get_if<sbx::step::Bind>(&step)) bind->found.reset();
            if (auto* overlay = std::get_if<sbx::step::MountOverlay>(&step)) overlay->found.clear();
        }
        std::filesystem::rename(place.path() + "/low", place.path() + "/away");
        place.directory("low");
        place.file("low/file", "another");
        const sbx::Outcome outcome = sbx::run(*plan);
        INFO(outcome.error.message);
        CHECK((outcome.end == sbx::Outcome::End::exited) == !says);
        CHECK(outcome.code == 0);
        CHECK(contains(outcome.error.message, "was moved or replaced") == says);
        CHECK(outcome.error_number == (says ? ESTALE : 0));
    }
}

}  // namespace
}  // namespace integration
