using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Cluster.ApiServer.Rest;

/// <summary>Texts a client shows its user: <c>Warning: 299 - "text"</c>, a header each.</summary>
internal static class WarningHeaders
{
    // Header lines are bounded everywhere on the way; Kubernetes stops at this too.
    private const int MaxTotalLength = 4 * 1024;

    public static void Write(HttpResponse response, IReadOnlyList<string> warnings)
    {
        if (warnings.Count == 0)
            return;

        var length = 0;
        List<string> lines = [];
        foreach (var warning in warnings.Distinct(StringComparer.Ordinal))
        {
            var line = $"299 - \"{Quoted(warning)}\"";
            length += line.Length;
            if (length > MaxTotalLength)
                break;

            lines.Add(line);
        }

        response.Headers.Warning = new StringValues([.. lines]);
    }

    // Field names come from the client: no control or foreign character may reach a header line.
    private static string Quoted(string text) => string.Concat(text.Select(letter => letter switch
    {
        '"' => "\\\"",
        '\\' => "\\\\",
        < ' ' or > '~' => "?",
        _ => letter.ToString(),
    }));
}
