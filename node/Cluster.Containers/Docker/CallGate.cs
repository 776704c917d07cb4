using System.Net.Sockets;
using System.Text.Json;
using Docker.DotNet;

namespace Cluster.Containers.Docker;

/// <summary>Every call to the engine passes here: bounded in number, bounded in time, its failures translated once.</summary>
internal sealed class CallGate : IDisposable
{
    private readonly SemaphoreSlim slots;
    private readonly TimeSpan limit;

    public CallGate(int parallel, TimeSpan limit)
    {
        slots = new SemaphoreSlim(parallel);
        this.limit = limit;
    }

    /// <summary>Waits for a slot (the wait is not counted), then runs the call under the limit.</summary>
    public async Task<T> RunAsync<T>(string what, Func<CancellationToken, Task<T>> call, CancellationToken cancellationToken)
    {
        await slots.WaitAsync(cancellationToken);
        try
        {
            return await RunAsync(what, limit, call, cancellationToken);
        }
        finally
        {
            slots.Release();
        }
    }

    public Task RunAsync(string what, Func<CancellationToken, Task> call, CancellationToken cancellationToken) =>
        RunAsync(what, token => Counted(call, token), cancellationToken);

    /// <summary>A call that may take long by design: no slot, a limit of its own.</summary>
    public static async Task<T> RunAsync<T>(
        string what, TimeSpan limit, Func<CancellationToken, Task<T>> call, CancellationToken cancellationToken)
    {
        using var timed = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timed.CancelAfter(limit);
        try
        {
            // The library may not honour the token at every await (a connect, a hijacked stream): wait no longer than the limit.
            return await call(timed.Token).WaitAsync(timed.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new RuntimeException(
                RuntimeFailure.Timeout, $"{what}: no answer from the container engine within {limit.TotalSeconds:0.#} s");
        }
        catch (Exception exception) when (exception is not OperationCanceledException and not RuntimeException)
        {
            throw Translate(what, exception);
        }
    }

    public static Task RunAsync(string what, TimeSpan limit, Func<CancellationToken, Task> call, CancellationToken cancellationToken) =>
        RunAsync(what, limit, token => Counted(call, token), cancellationToken);

    public static RuntimeException Translate(string what, Exception exception) => exception switch
    {
        DockerApiException api => new RuntimeException(Classify(api), EngineMessage(api), api),
        HttpRequestException or IOException or SocketException or TimeoutException =>
            new RuntimeException(RuntimeFailure.Unavailable, $"{what}: cannot reach the container engine: {exception.Message}", exception),
        _ => new RuntimeException(RuntimeFailure.Refused, $"{what}: {exception.Message}", exception),
    };

    public void Dispose() => slots.Dispose();

    private static async Task<bool> Counted(Func<CancellationToken, Task> call, CancellationToken token)
    {
        await call(token);
        return true;
    }

    private static RuntimeFailure Classify(DockerApiException exception) => (int)exception.StatusCode switch
    {
        404 => RuntimeFailure.NotFound,
        409 => RuntimeFailure.Conflict,
        _ => RuntimeFailure.Refused,
    };

    private static string EngineMessage(DockerApiException exception)
    {
        try
        {
            using var body = JsonDocument.Parse(exception.ResponseBody ?? "");
            return "Error response from daemon: " + body.RootElement.GetProperty("message").GetString();
        }
        catch (Exception notTheUsualBody) when (notTheUsualBody is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return exception.Message;
        }
    }
}
