using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Cluster.Api;
using Cluster.Api.AdmissionRegistrationV1;
using Cluster.Api.CoreV1;
using Cluster.ApiServer.WatchCache;
using Microsoft.Extensions.Logging;

namespace Cluster.ApiServer.Admission.Webhooks;

/// <summary>Sends a review to a webhook and brings its answer. Connections are kept, one pool for each place and set of certificates.</summary>
/// <remarks>
/// A service is reached by its cluster IP, as Kubernetes does, or without one by a ready endpoint; its certificate must be of NAME.NAMESPACE.svc.
/// </remarks>
internal sealed class WebhookClients(IObjectReader reader, ILogger logger) : IDisposable
{
    // More places than any cluster has: then those of deleted configurations make room.
    private const int MaxPools = 256;

    private static readonly ResourceType Services = ResourceCatalog.For<Service>();
    private static readonly ResourceType EndpointsType = ResourceCatalog.For<Endpoints>();

    private readonly ConcurrentDictionary<string, HttpMessageInvoker> _pools = new(StringComparer.Ordinal);

    /// <summary>Posts the review.</summary>
    /// <param name="client">Where the webhook is, and how it is known.</param>
    /// <param name="review">JSON.</param>
    /// <param name="timeout">For all of it.</param>
    /// <param name="maxAnswerBytes">What an answer may have at most.</param>
    /// <param name="cancellationToken">Ends the question.</param>
    /// <exception cref="HttpRequestException">It could not be asked, or it did not answer with 200.</exception>
    /// <exception cref="IOException">Its answer is too large.</exception>
    public async Task<byte[]> PostAsync(WebhookClientConfig client, byte[] review, TimeSpan timeout, int maxAnswerBytes, CancellationToken cancellationToken)
    {
        var url = UrlOf(client, timeout);
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(timeout);
        using var request = new HttpRequestMessage(HttpMethod.Post, url) { Content = new ByteArrayContent(review) };
        request.Content.Headers.ContentType = new("application/json");
        request.Headers.TryAddWithoutValidation("Accept", "application/json");
        try
        {
            using var response = await SendAsync(client, url, request, deadline.Token);
            if (response.StatusCode != HttpStatusCode.OK)
                throw new HttpRequestException($"the server answered {(int)response.StatusCode}");
            await response.Content.LoadIntoBufferAsync(maxAnswerBytes, deadline.Token);
            return await response.Content.ReadAsByteArrayAsync(deadline.Token);
        }
        catch (OperationCanceledException late) when (!cancellationToken.IsCancellationRequested)
        {
            throw new HttpRequestException(Failure(url, "context deadline exceeded"), late);
        }
        catch (HttpRequestException error)
        {
            throw new HttpRequestException(Failure(url, error.Message), error);
        }
    }

    public void Dispose()
    {
        foreach (var pool in _pools.Values)
            pool.Dispose();
    }

    private async Task<HttpResponseMessage> SendAsync(WebhookClientConfig client, Uri url, HttpRequestMessage request, CancellationToken cancellationToken)
    {
        try
        {
            return await Pool(client, url).SendAsync(request, cancellationToken);
        }
        catch (ObjectDisposedException)
        {
            // Between the look and the use another request made room: nothing was sent.
            return await Pool(client, url).SendAsync(request, cancellationToken);
        }
    }

    // In the words of Kubernetes' client, by which people and tests know them.
    private static string Failure(Uri url, string reason) => $"Post {GoText.Quote(url.ToString())}: {reason}";

    /// <summary>The webhook's place, which is told how long its answer is waited for.</summary>
    private static Uri UrlOf(WebhookClientConfig client, TimeSpan timeout)
    {
        var place = client.Service is not { } service ? new UriBuilder(client.Url)
            : new UriBuilder("https", $"{service.Name}.{service.Namespace}.svc", service.HasPort ? service.Port : 443, service.Path);
        var seconds = timeout.TotalSeconds.ToString(CultureInfo.InvariantCulture);
        place.Query = place.Query.Length > 1 ? $"{place.Query}&timeout={seconds}s" : $"?timeout={seconds}s";
        return place.Uri;
    }

    private HttpMessageInvoker Pool(WebhookClientConfig client, Uri url)
    {
        if (_pools.Count > MaxPools)
            Empty();
        var key = $"{url.Host}:{url.Port}/{Convert.ToHexString(SHA256.HashData(client.CaBundle.Span))}";
        return _pools.GetOrAdd(key, _ => new HttpMessageInvoker(Handler(client)));
    }

    private void Empty()
    {
        foreach (var key in _pools.Keys)
        {
            if (_pools.TryRemove(key, out var pool))
                pool.Dispose();
        }

        logger.LogWarning("Connections to more than {Count} webhooks were open; they are opened anew", MaxPools);
    }

    private SocketsHttpHandler Handler(WebhookClientConfig client)
    {
        var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            AllowAutoRedirect = false,
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        };
        if (!client.CaBundle.IsEmpty)
        {
            var trust = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true,
            };
            trust.CustomTrustStore.ImportFromPem(client.CaBundle.ToStringUtf8());
            handler.SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = trust };
        }

        if (client.Service is { } service)
            handler.ConnectCallback = (_, cancellationToken) => ConnectAsync(service, cancellationToken);
        return handler;
    }

    private async ValueTask<Stream> ConnectAsync(ServiceReference service, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(Locate(service), cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private IPEndPoint Locate(ServiceReference reference)
    {
        var port = reference.HasPort ? reference.Port : 443;
        if (reader.Find(Services, reference.Namespace, reference.Name) is not Service service)
            throw new HttpRequestException($"service {reference.Namespace}/{reference.Name} not found");
        if (service.Spec.Ports.FirstOrDefault(one => one.Port == port) is not { } served)
            throw new HttpRequestException($"service {reference.Namespace}/{reference.Name} has no port {port}");
        if (IPAddress.TryParse(service.Spec.ClusterIP, out var address))
            return new IPEndPoint(address, port);

        var endpoints = reader.Find(EndpointsType, reference.Namespace, reference.Name) as Endpoints;
        var places = (endpoints?.Subsets ?? []).SelectMany(subset => subset.Ports.Where(one => one.Name == served.Name)
            .SelectMany(one => subset.Addresses.Select(place => new IPEndPoint(IPAddress.Parse(place.Ip), one.Port)))).ToList();
        return places.Count > 0 ? places[Random.Shared.Next(places.Count)]
            : throw new HttpRequestException($"service {reference.Namespace}/{reference.Name} has no ready endpoints");
    }
}
