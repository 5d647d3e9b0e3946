// SPDX-License-Identifier: Apache-2.0
// Texts that the examination of a machine reads.
#include "doctor/places.hpp"

#include <catch2/catch.hpp>

using namespace sbx;

TEST_CASE("ranges of ids are found by name and by number") {
    const std::string text =
        "# a comment\nother:100000:65536\nsomebody:165536:65536\n1000:300000:10\nbroken:x:5\n";
    CHECK(sys::id_ranges_in(text, "somebody", 7).count == 65536);
    CHECK(sys::id_ranges_in(text, "nobody", 1000).count == 10);
    CHECK(sys::id_ranges_in(text, "somebody", 1000).count == 65546);
    CHECK(sys::id_ranges_in(text, "", 7).count == 0);
    CHECK(sys::id_ranges_in(text, "broken", 7).count == 5);
    CHECK(sys::id_ranges_in(text, "some", 7).count == 0);
    CHECK(sys::id_ranges_in(text, "nobody", 7).free == 300010);
    CHECK(sys::id_ranges_in("", "nobody", 7).free == 100000);
    CHECK(sys::id_ranges_in("low:1000:10\n", "nobody", 7).free == 100000);
}

TEST_CASE("the ids of a user namespace are counted") {
    CHECK(sys::ids_in("         0          0 4294967295\n") == 4294967295);
    CHECK(sys::ids_in("         0       1000          1\n         1     100000      65536\n") ==
          65537);
    CHECK(sys::ids_in("") == 0);
}

TEST_CASE("what is mounted upon parts of /proc") {
    CHECK(sys::covers_in("22 1 0:20 / /proc rw - proc proc rw\n"
                         "25 22 0:30 / /proc/sys ro - tmpfs none rw\n"
                         "26 22 0:30 /x /proc/acpi ro - tmpfs none rw\n"
                         "27 1 0:31 / /procs/x rw - tmpfs none rw") ==
          std::vector<std::string>{"/proc/acpi", "/proc/sys"});
    CHECK(sys::covers_in("").empty());
    CHECK(sys::covers_in("nonsense\n").empty());
}
