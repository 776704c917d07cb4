namespace Cluster.ApiServer.Rest;

/// <summary>One media type with its parameters, as Accept and Content-Type carry it.</summary>
/// <param name="Name">Lower case, such as <c>application/json</c>.</param>
/// <param name="Parameters">Names in lower case.</param>
internal sealed record MediaType(string Name, IReadOnlyDictionary<string, string> Parameters)
{
    public const string Json = "application/json";
    public const string Yaml = "application/yaml";
    public const string Protobuf = "application/vnd.kubernetes.protobuf";

    /// <summary>What objects come and go as, in the order error messages list them.</summary>
    public static readonly string[] Supported = [Json, Yaml, Protobuf];

    /// <summary>What objects of added kinds come and go as.</summary>
    public static readonly string[] SupportedOfCustom = [Json, Yaml];

    /// <summary>How much the client wants it, 0 to 1.</summary>
    public double Quality =>
        Parameters.TryGetValue("q", out var text)
        && double.TryParse(text, System.Globalization.CultureInfo.InvariantCulture, out var quality) ? quality : 1;

    public static MediaType Parse(string text)
    {
        var parts = text.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        var parameters = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var part in parts.Skip(1))
        {
            var equals = part.IndexOf('=', StringComparison.Ordinal);
            if (equals > 0)
                parameters[part[..equals].TrimEnd().ToLowerInvariant()] = part[(equals + 1)..].Trim().Trim('"');
        }

        return new MediaType(parts.Length == 0 ? "" : parts[0].ToLowerInvariant(), parameters);
    }

    /// <summary>The media types of an Accept header, the most wanted first.</summary>
    public static IEnumerable<MediaType> ParseList(string text) =>
        text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Select(Parse)
            .OrderByDescending(type => type.Quality);
}
