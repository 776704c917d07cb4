using System.Text.Json.Nodes;

namespace Cluster.Api.Patching;

/// <summary>Why a patch does not apply. Never leaves <see cref="Patch"/>, which makes a Status of it.</summary>
/// <param name="message">In Kubernetes' words.</param>
/// <param name="code">400 for a malformed patch, 422 for one that does not fit, 500 where Kubernetes does not tell whose mistake it is.</param>
internal sealed class PatchException(string message, int code) : Exception(message)
{
    public const int Malformed = 400;
    public const int DoesNotFit = 422;
    public const int Unforeseen = 500;

    public int Code { get; } = code;

    public static PatchException WrongType(string expected, JsonNode? actual) =>
        new($"expected a {expected}, but received a {JsonScalars.GoType(actual)}", Unforeseen);

    /// <summary>The patch, or a part of it, is not of the JSON type it must have.</summary>
    public static PatchException Unreadable(JsonNode? value, string goType) =>
        new($"json: cannot unmarshal {JsonScalars.Describe(value)} into Go value of type {goType}", Malformed);
}
