// SPDX-License-Identifier: Apache-2.0
// make_plan: the parts of /usr that lie outside of it.
#include "plan_support.hpp"

#include <catch2/catch.hpp>

using namespace sbx;
using namespace sbx::test;

namespace {

// Of the sbx dialect, which can keep guards.
Spec sbx_spec() {
    Spec spec;
    spec.command = {"true"};
    return spec;
}

Spec with(std::vector<Entry> entries, Spec spec = sbx_spec()) {
    spec.entries = std::move(entries);
    return spec;
}

Spec bare(std::vector<Entry> entries) { return nothing_given(with(std::move(entries))); }

using Changes = entry::Overlay::Changes;

const std::string links = "bind \"/etc/alternatives\" on \"/etc/alternatives\" read-only";
const std::string cache = "bind \"/etc/ld.so.cache\" on \"/etc/ld.so.cache\" read-only";
const Entry usr = bind("/usr", "/usr", Access::read_only);

}  // namespace

TEST_CASE("the parts of /usr that lie outside of it come with the host's /usr") {
    const auto has = [](std::vector<Entry> entries, const std::string& step) {
        return contains(tree(with(std::move(entries))), step);
    };
    CHECK(has({usr}, links));
    CHECK(has({usr}, cache));
    CHECK(has({bind("/usr", "/usr/")}, links));
    CHECK(has({entry::Tmpfs{"/", 0755, {}}, usr}, links));
    CHECK(has({entry::Overlay{Changes::forgotten, {"/usr"}, "", "", "/usr"}}, links));
    CHECK_FALSE(has({}, links));
    CHECK_FALSE(contains(tree(bare({usr})), links));
    CHECK_FALSE(contains(tree(with({usr}, plain_bwrap_spec())), links));
    // Another system's /usr, and a root that is not ours to make mount points in.
    CHECK_FALSE(has({bind("/image/usr", "/usr")}, links));
    CHECK_FALSE(has({bind("/image", "/"), usr}, links));
    CHECK_FALSE(has({bind("/usr", "/usr"), entry::Tmpfs{"/usr", 0755, {}}}, links));
}

TEST_CASE("the parts of /usr give way to what an entry has there") {
    const auto steps = [&](const Entry& entry) { return tree(with({usr, entry})); };
    for (const Entry& entry : {Entry(bind("/x", "/etc")), Entry(entry::Tmpfs{"/etc/", 0755, {}}),
                               Entry(entry::Symlink{"usr/etc", "/etc"})}) {
        CHECK_FALSE(contains(steps(entry), links));
        CHECK_FALSE(contains(steps(entry), cache));
    }
    for (const Entry& entry :
         {Entry(bind("/x", "/etc/alternatives")), Entry(bind("/x", "/etc/alternatives/cc")),
          Entry(entry::Directory{"/etc/alternatives/d", 0755}),
          Entry(entry::Symlink{"/usr/bin/tcc", "/etc/alternatives/cc"})}) {
        CHECK_FALSE(contains(steps(entry), links));
        CHECK(contains(steps(entry), cache));
    }
    for (const Entry& entry :
         {Entry(bind("/x", "/etc/passwd")),
          Entry(bind("/missing", "/etc", Access::read_only, IfMissing::skip)),
          Entry(entry::Directory{"/etc", 0755}), Entry(entry::RemountReadOnly{"/etc/alternatives"}),
          Entry(entry::Guard{.kind = entry::Guard::Kind::mask, .destination = "/etc"})}) {
        CHECK(contains(steps(entry), links));
        CHECK(contains(steps(entry), cache));
    }
}

TEST_CASE("the directory around the parts of /usr is as an entry wants it") {
    const Words steps = tree(with({usr, entry::Directory{"/etc", 0700}}));
    const auto made = std::find(steps.begin(), steps.end(), "directory \"/etc\" mode 0700");
    const auto bound = std::find(steps.begin(), steps.end(), links);
    REQUIRE(bound != steps.end());
    CHECK(made < bound);
    CHECK(std::count(steps.begin(), steps.end(), "directory \"/etc\" mode 0700") == 2);
    // An entry before it makes the directory as for any file.
    const Words after =
        tree(with({usr, bind("/x", "/etc/passwd"), entry::Directory{"/etc", 0700}}));
    CHECK(std::count(after.begin(), after.end(), "directory \"/etc\" mode 0700") == 1);
}

TEST_CASE("a guard on a part of /usr is not left out") {
    const auto guarded = [](const char* path) {
        const Words steps = tree(with({bind("/usr", "/usr", Access::read_only),
                                       entry::Guard{.kind = entry::Guard::Kind::mask,
                                                    .destination = path,
                                                    .if_missing = IfMissing::skip}}));
        return contains(steps, std::string("mask \"") + path + "\"");
    };
    CHECK(guarded("/etc/alternatives"));
    CHECK(guarded("/etc/alternatives/missing"));
    CHECK(guarded("/etc"));
    CHECK_FALSE(guarded("/missing"));
}
