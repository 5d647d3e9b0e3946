// SPDX-License-Identifier: Apache-2.0
#include <sbx/result.hpp>

#include <catch2/catch.hpp>

#include <memory>

using namespace sbx;

TEST_CASE("Result: a value") {
    Result<std::string> result = std::string("word");
    REQUIRE(result.has_value());
    REQUIRE(result);
    CHECK(*result == "word");
    CHECK(result->size() == 4);
    result.value() += "s";
    CHECK(result.value() == "words");
    const Result<std::string> copy = result;
    CHECK(*copy == "words");
    CHECK(copy->size() == 5);
}

TEST_CASE("Result: an error") {
    Result<int> result = Error{"a sentence"};
    REQUIRE_FALSE(result.has_value());
    REQUIRE_FALSE(result);
    CHECK(result.error().message == "a sentence");
    result.error().message += "!";
    const Result<int> copy = result;
    CHECK(copy.error().message == "a sentence!");
}

TEST_CASE("Result: a value that can only be moved") {
    Result<std::unique_ptr<int>> result = std::make_unique<int>(7);
    REQUIRE(result);
    const std::unique_ptr<int> taken = std::move(*result);
    CHECK(*taken == 7);
}

TEST_CASE("Result: an Error can be told from a value that looks like one") {
    const Result<std::string> value = std::string("failed");
    CHECK(value);
    const Result<bool> no = false;
    REQUIRE(no);
    CHECK_FALSE(*no);
}

TEST_CASE("Result<void>") {
    const Result<void> fine;
    CHECK(fine);
    CHECK(fine.has_value());
    const Result<void> failed = Error{""};
    CHECK_FALSE(failed);
    CHECK(failed.error().message.empty());
}
