namespace Cluster.Proxy.Serving;

/// <summary>An answer of <see cref="HttpResponder"/>.</summary>
public readonly record struct HttpResponse(int Status, string ContentType, string Body)
{
    /// <summary>Further header lines, each ended by CR LF; none by default.</summary>
    public string Headers { get; init; } = "";

    public static HttpResponse Text(int status, string body) => new(status, "text/plain; charset=utf-8", body);
}
