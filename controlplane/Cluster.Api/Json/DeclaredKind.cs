using System.Text.Json;
using Google.Protobuf.Reflection;

namespace Cluster.Api.Json;

/// <summary>What a body says it is, with what its place says where it is silent.</summary>
/// <param name="ApiVersion">From the body, else from the type expected.</param>
/// <param name="Kind">From the body, else from the type expected.</param>
/// <param name="Type">The type expected.</param>
/// <param name="Problem">Why the body could not be asked; null when it could.</param>
internal readonly record struct DeclaredKind(string ApiVersion, string Kind, MessageDescriptor Type, string? Problem)
{
    private const string MetaPackage = "k8s.io.apimachinery.";

    private const string TypeMetaStruct =
        "struct { APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; Kind string \"json:\\\"kind,omitempty\\\"\" }";

    /// <summary>Refuses an object of another kind or version than the type's. The types of meta/v1 pass under any group.</summary>
    /// <exception cref="StatusException">400.</exception>
    public static void Check(string? apiVersion, string? kind, MessageDescriptor type)
    {
        if (type.File.Package.StartsWith(MetaPackage, StringComparison.Ordinal) || ApiKinds.Of(type) is not { } expected)
            return;
        if (!string.IsNullOrEmpty(kind) && kind != expected.Kind)
            throw DecodeErrors.CannotHandle(apiVersion ?? expected.ApiVersion, kind, type, $"converting ({kind}) to ({type.Name}): unknown conversion", []);
        if (!string.IsNullOrEmpty(apiVersion) && apiVersion != expected.ApiVersion)
            throw DecodeErrors.WrongVersion(apiVersion, expected.ApiVersion);
    }

    /// <summary>Reads apiVersion and kind from the top of a body, for an error text.</summary>
    public static DeclaredKind Read(ReadOnlySpan<byte> utf8, MessageDescriptor type)
    {
        var (apiVersion, kind) = ApiKinds.Of(type) ?? ("", type.Name);
        try
        {
            var reader = new Utf8JsonReader(utf8, new JsonReaderOptions { MaxDepth = JsonInput.MaximumDepth });
            reader.Read();
            if (reader.TokenType != JsonTokenType.StartObject)
                return new DeclaredKind(apiVersion, kind, type, $"json: cannot unmarshal {NameOf(reader.TokenType)} into Go value of type {TypeMetaStruct}");
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var (isKind, isVersion) = (reader.ValueTextEquals("kind"u8), reader.ValueTextEquals("apiVersion"u8));
                reader.Read();
                if ((isKind || isVersion) && reader.TokenType is not (JsonTokenType.String or JsonTokenType.Null))
                {
                    var field = isKind ? "kind" : "apiVersion";
                    return new DeclaredKind(
                        apiVersion, kind, type, $"json: cannot unmarshal {NameOf(reader.TokenType)} into Go struct field .{field} of type string");
                }

                if (isKind && reader.GetString() is { Length: > 0 } foundKind)
                    kind = foundKind;
                if (isVersion && reader.GetString() is { Length: > 0 } foundVersion)
                    apiVersion = foundVersion;
                reader.Skip();
            }
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // The caller reports the syntax; what was found so far is all there is.
        }

        return new DeclaredKind(apiVersion, kind, type, null);
    }

    public StatusException Error(string why, ReadOnlySpan<byte> body) => Problem is null
        ? DecodeErrors.CannotHandle(ApiVersion, Kind, Type, why, body)
        : DecodeErrors.Unrecognized(Type, "couldn't get version/kind; json parse error: " + Problem, body);

    private static string NameOf(JsonTokenType token) => token switch
    {
        JsonTokenType.StartArray => "array",
        JsonTokenType.StartObject => "object",
        JsonTokenType.String => "string",
        JsonTokenType.True or JsonTokenType.False => "bool",
        _ => "number",
    };
}
