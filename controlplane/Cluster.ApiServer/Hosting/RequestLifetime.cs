using Cluster.Api;
using Microsoft.AspNetCore.Http;

namespace Cluster.ApiServer.Hosting;

/// <summary>Ends a request that takes too long, or a long-running one when the server stops, by cancelling its RequestAborted.</summary>
internal sealed class RequestLifetime : IDisposable
{
    private readonly HttpContext _context;
    private readonly CancellationToken _client;
    private readonly CancellationTokenSource? _timeout;
    private readonly CancellationTokenSource _linked;
    private readonly string? _error;

    /// <param name="context">The request; what it asks for in <c>?timeout=</c> counts unless it is long-running.</param>
    /// <param name="longRunning">It has no bound in time.</param>
    /// <param name="longest">The bound of others.</param>
    /// <param name="time">Its clock.</param>
    /// <param name="stopping">The server stops.</param>
    public RequestLifetime(HttpContext context, bool longRunning, TimeSpan longest, TimeProvider time, CancellationToken stopping)
    {
        _context = context;
        _client = context.RequestAborted;
        _timeout = longRunning ? null : new CancellationTokenSource(RequestTimeout.Of(context.Request.Query, longest, out _error), time);
        _linked = CancellationTokenSource.CreateLinkedTokenSource(_client, _timeout?.Token ?? stopping);
        context.RequestAborted = _linked.Token;
    }

    public bool ClientLeft => _client.IsCancellationRequested;

    public bool TimedOut => _timeout is { IsCancellationRequested: true };

    /// <exception cref="StatusException">400: what it asks for is no time.</exception>
    public void Check()
    {
        if (_error is not null)
            throw StatusErrors.BadRequest(_error);
    }

    /// <summary>The bound is past: what is written from now on, such as the failure, is bounded by the client alone.</summary>
    public void Release() => _context.RequestAborted = _client;

    public void Dispose()
    {
        Release();
        _linked.Dispose();
        _timeout?.Dispose();
    }
}
