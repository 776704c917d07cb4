using Cluster.Api;
using Microsoft.AspNetCore.Http;

namespace Cluster.ApiServer.Hosting;

/// <summary><c>?timeout=</c> of a request: how long its client waits, so that nothing is done for one who has given up.</summary>
internal static class RequestTimeout
{
    /// <summary>The time a request has: what it asks for, never more than the server's own bound, which stands where it asks for none.</summary>
    /// <param name="query">Its query.</param>
    /// <param name="longest">The server's own.</param>
    /// <param name="error">Why the text is no duration; null: it is one, or there is none.</param>
    public static TimeSpan Of(IQueryCollection query, TimeSpan longest, out string? error)
    {
        error = null;
        var text = (string?)query["timeout"];
        if (string.IsNullOrEmpty(text))
            return longest;
        try
        {
            // As in Kubernetes, none at all and less are no wish.
            return GoText.ParseDuration(text) is var asked && asked > TimeSpan.Zero && asked < longest ? asked : longest;
        }
        catch (FormatException no)
        {
            error = $"invalid timeout specified in the request URL - {no.Message}";
            return longest;
        }
    }
}
