using Cluster.Api.Validation;

namespace Cluster.Api.Tests.Validation;

public class FieldErrorTests
{
    public static TheoryData<FieldError, string> Texts => new()
    {
        { FieldError.Required("f"), "f: Required value" },
        { FieldError.Required("f", "why"), "f: Required value: why" },
        { FieldError.Invalid("f", "a\"b", "why"), "f: Invalid value: \"a\\\"b\": why" },
        { FieldError.Invalid("f", -1, "why"), "f: Invalid value: -1: why" },
        { FieldError.Invalid("f", true, "why"), "f: Invalid value: true: why" },
        { FieldError.Invalid("f", null, "why"), "f: Invalid value: \"null\": why" },
        { FieldError.NotSupported("f", "x", ["a", "b"]), "f: Unsupported value: \"x\": supported values: \"a\", \"b\"" },
        { FieldError.Duplicate("f", "x"), "f: Duplicate value: \"x\"" },
        { FieldError.Forbidden("f", "why"), "f: Forbidden: why" },
        { FieldError.TooLong("f", 10), "f: Too long: may not be more than 10 bytes" },
        { FieldError.TooMany("f", 3, 2), "f: Too many: 3: must have at most 2 items" },
        { FieldError.NotFound("f", "x"), "f: Not found: \"x\"" },
        { FieldError.Internal("f", "why"), "f: Internal error: why" },
    };

    [Theory]
    [MemberData(nameof(Texts))]
    public void Message_OfEachType_IsKubernetesText(FieldError error, string text) => Assert.Equal(text, error.Message);
}
