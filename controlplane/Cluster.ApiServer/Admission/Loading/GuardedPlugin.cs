using Cluster.Api;
using Cluster.ApiServer.Authentication;
using Microsoft.Extensions.Logging;

namespace Cluster.ApiServer.Admission.Loading;

/// <summary>Holds a user's plug-in to its contract: it decides in time, and what it throws is a failure of the plug-in and of one request.</summary>
/// <remarks>
/// It runs beside the request on a thread of its own, so that one which blocks costs that thread, and neither the answer nor those that others wait for. More calls than may be
/// under way wait their turn, within the time they have. One that is late may still be running when its request has failed; the object it holds goes nowhere any more.
/// </remarks>
[System.Diagnostics.CodeAnalysis.SuppressMessage("Design", "CA1001", Justification = "A semaphore whose wait handle nobody asks for holds nothing.")]
internal sealed class GuardedPlugin(IAdmissionPlugin plugin, TimeSpan limit, TimeProvider time, ILogger logger) : IAdmissionPlugin
{
    /// <summary>Calls under way, those that are late included: each has a thread while it blocks, and nobody can take it away.</summary>
    private const int MostUnderWay = 128;

    private readonly SemaphoreSlim _places = new(MostUnderWay);

    // Whose request has been told how it ended, and which have not ended.
    private int _late;

    public string Name { get; } = plugin.Name;

    public ValueTask AdmitAsync(AdmissionRequest request, CancellationToken cancellationToken) => RunAsync(plugin.AdmitAsync, request, cancellationToken);

    public ValueTask ValidateAsync(AdmissionRequest request, CancellationToken cancellationToken) => RunAsync(plugin.ValidateAsync, request, cancellationToken);

    public ValueTask ConnectAsync(AdmissionRequest request, CancellationToken cancellationToken) => RunAsync(plugin.ConnectAsync, request, cancellationToken);

    private async ValueTask RunAsync(Func<AdmissionRequest, CancellationToken, ValueTask> step, AdmissionRequest request, CancellationToken cancellationToken)
    {
        // As with webhooks: one that refuses what the server itself has to write would keep it from starting.
        if (ReferenceEquals(request.Scope.User, UserIdentity.ApiServer))
            return;
        using var late = new CancellationTokenSource(limit, time);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, late.Token);
        try
        {
            var token = stop.Token;
            await DecideAsync(() => step(request, token).AsTask(), token);
        }
        catch (StatusException)
        {
            throw;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw;
        }
        catch (OperationCanceledException) when (late.IsCancellationRequested)
        {
            logger.LogWarning("The admission plug-in {Plugin} did not decide within {Limit}", Name, limit);
            throw StatusErrors.InternalError($"the admission plug-in {GoText.Quote(Name)} did not decide within {limit.TotalSeconds:0.###} s");
        }
        catch (Exception failure)
        {
            // Whatever a user's plug-in throws. Its words may hold what the caller must not see.
            logger.LogError(failure, "The admission plug-in {Plugin} failed", Name);
            throw StatusErrors.InternalError($"the admission plug-in {GoText.Quote(Name)} failed; the reason is in the server's log", failure);
        }
    }

    private async Task DecideAsync(Func<Task> step, CancellationToken cancellationToken)
    {
        // Nobody knows when a place gets free then: waiting would only tell it later.
        if (Volatile.Read(ref _late) >= MostUnderWay)
            throw StatusErrors.InternalError($"the admission plug-in {GoText.Quote(Name)} has {MostUnderWay} calls under way that are late");
        await _places.WaitAsync(cancellationToken);
        var running = CallAsync(step);
        try
        {
            await running.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException) when (!running.IsCompleted)
        {
            Interlocked.Increment(ref _late);
            _ = EndLateAsync(running);
            throw;
        }
    }

    // Never fails.
    private async Task EndLateAsync(Task running)
    {
        await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Interlocked.Decrement(ref _late);
    }

    private async Task CallAsync(Func<Task> step)
    {
        try
        {
            await Task.Factory.StartNew(step, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).Unwrap();
        }
        finally
        {
            _places.Release();
        }
    }
}
