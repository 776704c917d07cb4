using Cluster.Api;
using Cluster.ApiServer.Authentication;
using Microsoft.Extensions.Logging;

namespace Cluster.ApiServer.Admission.Loading;

/// <summary>Holds a user's plug-in to its contract: it decides in time, and what it throws is a failure of the plug-in and of one request.</summary>
/// <remarks>
/// It runs beside the request on a thread of its own, so that one which blocks costs that thread, and neither the answer nor those that others wait for. One that is
/// late may still be running when its request has failed; the object it holds goes nowhere any more.
/// </remarks>
internal sealed class GuardedPlugin(IAdmissionPlugin plugin, TimeSpan limit, TimeProvider time, ILogger logger) : IAdmissionPlugin
{
    /// <summary>Calls under way, those that are late included: each has a thread while it blocks, and nobody can take it away.</summary>
    private const int MostUnderWay = 128;

    private int _underWay;

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
            await CallAsync(() => step(request, token).AsTask()).WaitAsync(token);
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

    private async Task CallAsync(Func<Task> step)
    {
        try
        {
            if (Interlocked.Increment(ref _underWay) > MostUnderWay)
                throw StatusErrors.InternalError($"the admission plug-in {GoText.Quote(Name)} has {MostUnderWay} calls under way");
            await Task.Factory.StartNew(step, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).Unwrap();
        }
        finally
        {
            Interlocked.Decrement(ref _underWay);
        }
    }
}
