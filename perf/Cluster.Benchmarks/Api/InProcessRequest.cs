using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Cluster.Benchmarks.Api;

/// <summary>The features of a request of HTTP/2 with a client's certificate, and where its answer goes.</summary>
internal sealed class InProcessRequest
{
    private readonly HttpResponseFeature _response = new();

    public InProcessRequest(string method, string path, string query, byte[]? body, X509Certificate2 client, Stream answer)
    {
        var request = new HttpRequestFeature
        {
            Method = method, Scheme = "https", Protocol = "HTTP/2", Path = path, QueryString = query, RawTarget = path + query,
            Headers = new HeaderDictionary { ["Accept"] = "application/json", ["User-Agent"] = "bench/1.0 (linux/amd64)" },
        };
        if (body is not null)
        {
            request.Headers.ContentType = "application/json";
            request.Headers.ContentLength = body.Length;
            request.Body = new MemoryStream(body, writable: false);
        }

        Features.Set<IHttpRequestFeature>(request);
        Features.Set<IHttpResponseFeature>(_response);
        Features.Set<IHttpResponseBodyFeature>(new StreamResponseBodyFeature(answer));
        Features.Set<ITlsConnectionFeature>(new TlsConnectionFeature { ClientCertificate = client });
        Features.Set<IHttpRequestLifetimeFeature>(Lifetime);
    }

    public FeatureCollection Features { get; } = new();

    public HttpRequestLifetimeFeature Lifetime { get; } = new();

    public int StatusCode => _response.StatusCode;
}
