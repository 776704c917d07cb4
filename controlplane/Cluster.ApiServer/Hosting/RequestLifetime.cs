using Microsoft.AspNetCore.Http;

namespace Cluster.ApiServer.Hosting;

/// <summary>Ends a request that takes too long, or a long-running one when the server stops, by cancelling its RequestAborted.</summary>
internal sealed class RequestLifetime : IDisposable
{
    private readonly HttpContext _context;
    private readonly CancellationToken _client;
    private readonly CancellationTokenSource? _timeout;
    private readonly CancellationTokenSource _linked;

    public RequestLifetime(HttpContext context, bool longRunning, TimeSpan timeout, TimeProvider time, CancellationToken stopping)
    {
        _context = context;
        _client = context.RequestAborted;
        _timeout = longRunning ? null : new CancellationTokenSource(timeout, time);
        _linked = CancellationTokenSource.CreateLinkedTokenSource(_client, _timeout?.Token ?? stopping);
        context.RequestAborted = _linked.Token;
    }

    public bool ClientLeft => _client.IsCancellationRequested;

    public bool TimedOut => _timeout is { IsCancellationRequested: true };

    /// <summary>The bound is past: what is written from now on, such as the failure, is bounded by the client alone.</summary>
    public void Release() => _context.RequestAborted = _client;

    public void Dispose()
    {
        Release();
        _linked.Dispose();
        _timeout?.Dispose();
    }
}
