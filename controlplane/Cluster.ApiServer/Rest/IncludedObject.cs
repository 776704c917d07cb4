using Cluster.Api;
using Microsoft.AspNetCore.Http;

namespace Cluster.ApiServer.Rest;

/// <summary>What each row of a Table carries besides its cells.</summary>
internal enum IncludedObject
{
    None,
    Metadata,
    Object,
}

internal static class IncludedObjects
{
    /// <exception cref="StatusException">400: none of the three.</exception>
    public static IncludedObject Of(IQueryCollection query) => RequestOptions.Text(query, "includeObject") switch
    {
        "" or "Metadata" => IncludedObject.Metadata,
        "None" => IncludedObject.None,
        "Object" => IncludedObject.Object,
        var other => throw StatusErrors.BadRequest($"unrecognized includeObject value: {GoText.Quote(other)}"),
    };
}
