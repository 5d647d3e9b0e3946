// SPDX-License-Identifier: Apache-2.0
#include "base/json.hpp"

#include <catch2/catch.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace sbx {
namespace {

TEST_CASE("values are printed as JSON", "[json]") {
    CHECK(Json().text() == "null\n");
    CHECK(Json(true).text() == "true\n");
    CHECK(Json(-1).text() == "-1\n");
    CHECK(Json(UINT64_MAX).text() == "18446744073709551615\n");
    CHECK(Json("a").text() == "\"a\"\n");
    CHECK(Json::array().text() == "[]\n");
    CHECK(Json::object().text() == "{}\n");
    CHECK(Json::array_of(std::vector<std::string>{"a", "b"}).text() == "[\"a\", \"b\"]\n");
    CHECK(Json::object({{"z", 1}, {"a", Json::array({2, "3"})}}).text() ==
          "{ \"z\": 1, \"a\": [2, \"3\"] }\n");
}

TEST_CASE("what does not fit a line is indented", "[json]") {
    const std::string wide(60, 'x');
    Json all = Json::object();
    all.add("first", wide);
    all.add("items", Json::array({wide, Json::object({{"small", 1}})}));
    CHECK(all.text() == "{\n  \"first\": \"" + wide + "\",\n  \"items\": [\"" + wide +
                            "\", { \"small\": 1 }]\n}\n");
    Json list = Json::array();
    list.add(wide);
    list.add(wide);
    CHECK(list.text() == "[\n  \"" + wide + "\",\n  \"" + wide + "\"\n]\n");
}

TEST_CASE("no byte of a string is lost or forges anything", "[json]") {
    CHECK(Json("a\"\\\n\t\x01\x7f").text() == "\"a\\\"\\\\\\n\\t\\u0001\\u007f\"\n");
    CHECK(Json(std::string("\0", 1)).text() == "\"\\u0000\"\n");
    CHECK(Json("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80").text() ==
          "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\"\n");
    struct Row {
        const char* bytes;
        const char* text;
    };
    const std::vector<Row> rows = {
        {"\xff", "\\udcff"},                                   // no lead byte
        {"\x80", "\\udc80"},                                   // continues nothing
        {"\xc0\x80", "\\udcc0\\udc80"},                        // overlong
        {"\xe0\x80\x80", "\\udce0\\udc80\\udc80"},             // overlong
        {"\xed\xa0\x80", "\\udced\\udca0\\udc80"},             // a surrogate
        {"\xf4\x90\x80\x80", "\\udcf4\\udc90\\udc80\\udc80"},  // beyond the last one
        {"\xe2\x82", "\\udce2\\udc82"},                        // cut short
        {"\xc3(", "\\udcc3("},
        {"\u009b\u0085", "\\u009b\\u0085"},  // a terminal acts upon these
        {"\u202e\u2028\u200b\ufeff", "\\u202e\\u2028\\u200b\\ufeff"},
        {"\U000e0041", "\\udb40\\udc41"},
    };
    for (const Row& row : rows) {
        CHECK(Json(row.bytes).text() == "\"" + std::string(row.text) + "\"\n");
    }
}

}  // namespace
}  // namespace sbx
