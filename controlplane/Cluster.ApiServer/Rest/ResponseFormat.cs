using Cluster.Api;
using Microsoft.AspNetCore.Http;

namespace Cluster.ApiServer.Rest;

/// <summary>What the client sees of objects.</summary>
internal enum ObjectView
{
    Full,

    /// <summary>Rows for people; JSON alone.</summary>
    Table,

    /// <summary>The metadata of an object, or of each object of a list.</summary>
    Metadata,
}

/// <summary>How a response is written, as the Accept header wants it. Immutable.</summary>
/// <param name="MediaType">The bytes: JSON, YAML or protobuf.</param>
/// <param name="View">The shape.</param>
/// <param name="ViewVersion">apiVersion of a Table or PartialObjectMetadata.</param>
/// <param name="Pretty">JSON for the eye.</param>
internal sealed record ResponseFormat(string MediaType, ObjectView View, string ViewVersion, bool Pretty)
{
    private static readonly string[] Browsers = ["curl", "Wget", "Mozilla/5.0"];

    public bool IsProtobuf => MediaType == Rest.MediaType.Protobuf;

    /// <summary>The first of the wanted formats that we have.</summary>
    /// <param name="request">Its Accept header.</param>
    /// <param name="type">
    /// What is asked for: whole objects of added kinds have no form in protobuf, and the answer to a question that is only posted has no rows.
    /// </param>
    /// <exception cref="StatusException">406.</exception>
    public static ResponseFormat Of(HttpRequest request, ResourceType type) => TryFind(request, type.Custom is null, type.Verbs.Contains("list"))
        ?? throw StatusErrors.NotAcceptable(type.Custom is null ? Rest.MediaType.Supported : Rest.MediaType.SupportedOfCustom);

    /// <summary>For errors: they are told in any case.</summary>
    public static ResponseFormat OrJson(HttpRequest request) =>
        (TryFind(request, hasProtobuf: true) ?? Plain(request)) with { View = ObjectView.Full };

    private static ResponseFormat? TryFind(HttpRequest request, bool hasProtobuf, bool hasTable = true)
    {
        var accept = request.Headers.Accept;
        if (accept.Count == 0)
            return Plain(request);

        foreach (var type in Rest.MediaType.ParseList(accept.ToString()))
        {
            if (Name(type.Name) is { } name && ViewOf(type, name, hasTable) is { } view
                && (hasProtobuf || name != Rest.MediaType.Protobuf || view == ObjectView.Metadata))
            {
                return new ResponseFormat(name, view, "meta.k8s.io/" + type.Parameters.GetValueOrDefault("v", "v1"), IsPretty(request));
            }
        }

        return null;
    }

    private static ResponseFormat Plain(HttpRequest request) => new(Rest.MediaType.Json, ObjectView.Full, "", IsPretty(request));

    private static string? Name(string wanted) => wanted switch
    {
        "*/*" or "application/*" or Rest.MediaType.Json => Rest.MediaType.Json,
        Rest.MediaType.Yaml or Rest.MediaType.Protobuf => wanted,
        _ => null,
    };

    // Null: a view we do not have, so the next media type of the list counts.
    private static ObjectView? ViewOf(MediaType type, string name, bool hasTable)
    {
        if (!type.Parameters.TryGetValue("as", out var view))
            return ObjectView.Full;

        if (type.Parameters.GetValueOrDefault("g") != "meta.k8s.io" || type.Parameters.GetValueOrDefault("v") is not ("v1" or "v1beta1"))
            return null;

        return view switch
        {
            "Table" when hasTable && name != Rest.MediaType.Protobuf => ObjectView.Table,
            "PartialObjectMetadata" or "PartialObjectMetadataList" => ObjectView.Metadata,
            _ => null,
        };
    }

    private static bool IsPretty(HttpRequest request)
    {
        if (request.Query.TryGetValue("pretty", out var pretty))
            return pretty.ToString() is "1" or "true";

        var agent = request.Headers.UserAgent.ToString();
        return Array.Exists(Browsers, browser => agent.StartsWith(browser, StringComparison.Ordinal));
    }
}
