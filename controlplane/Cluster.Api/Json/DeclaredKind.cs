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
    /// <summary>Where Kubernetes keeps its kinds; clients see it in this one message.</summary>
    private const string Scheme = "pkg/api/legacyscheme/scheme.go:30";

    private const string MetaPackage = "k8s.io.apimachinery.";

    private const string TypeMetaStruct =
        "struct { APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; Kind string \"json:\\\"kind,omitempty\\\"\" }";

    /// <summary>Refuses an object of another kind or version than the type's. The types of meta/v1 pass under any group.</summary>
    /// <exception cref="StatusException">400.</exception>
    public static void Check(string? apiVersion, string? kind, MessageDescriptor type)
    {
        if (type.File.Package.StartsWith(MetaPackage, StringComparison.Ordinal) || ApiKinds.Of(type) is not { } expected)
            return;
        var foundKind = string.IsNullOrEmpty(kind) ? expected.Kind : kind;
        var foundVersion = string.IsNullOrEmpty(apiVersion) ? expected.ApiVersion : apiVersion;
        if ((foundVersion, foundKind) == expected)
            return;
        if (ApiKinds.Find(foundVersion, foundKind) is not { } found)
        {
            var unknown = $"no kind \"{foundKind}\" is registered for version \"{foundVersion}\" in scheme \"{Scheme}\"";
            throw DecodeErrors.CannotHandle(foundVersion, foundKind, type, unknown, []);
        }

        if (foundKind != expected.Kind)
        {
            var other = $"converting ({Last(found, 1)}.{foundKind}) to ({Last(type, 2)}.{type.Name}): unknown conversion";
            throw DecodeErrors.CannotHandle(foundVersion, foundKind, type, other, []);
        }

        throw DecodeErrors.WrongVersion(foundVersion, expected.ApiVersion);
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
                return new DeclaredKind(apiVersion, kind, type, Mismatch(reader.TokenType, "value", TypeMetaStruct));
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var (isKind, isVersion) = (reader.ValueTextEquals("kind"u8), reader.ValueTextEquals("apiVersion"u8));
                reader.Read();
                if ((isKind || isVersion) && reader.TokenType is not (JsonTokenType.String or JsonTokenType.Null))
                {
                    var place = isKind ? "struct field .kind" : "struct field .apiVersion";
                    return new DeclaredKind(apiVersion, kind, type, Mismatch(reader.TokenType, place, "string"));
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

    public StatusException Error(string why, ReadOnlySpan<byte> body)
    {
        if (Problem is not null)
            return DecodeErrors.NoTypeMeta(Type, Problem, body);
        try
        {
            Check(ApiVersion, Kind, Type);
            return DecodeErrors.CannotHandle(ApiVersion, Kind, Type, why, body);
        }
        catch (StatusException wrongKind)
        {
            return wrongKind;
        }
    }

    // k8s.io.api.core.v1: the last part is Go's package of the versioned types, the one before that of the internal ones.
    private static string Last(MessageDescriptor message, int part) => message.File.Package.Split('.')[^part];

    private static string Mismatch(JsonTokenType token, string place, string goType) =>
        $"json: cannot unmarshal {NameOf(token)} into Go {place} of type {goType}";

    private static string NameOf(JsonTokenType token) => token switch
    {
        JsonTokenType.StartArray => "array",
        JsonTokenType.StartObject => "object",
        JsonTokenType.String => "string",
        JsonTokenType.True or JsonTokenType.False => "bool",
        _ => "number",
    };
}
