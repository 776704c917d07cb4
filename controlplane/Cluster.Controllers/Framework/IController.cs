using Cluster.Client;

namespace Cluster.Controllers.Framework;

/// <summary>Makes one kind of object true: told which object may need work, it reads what is wanted and what is, and does the difference.</summary>
/// <remarks>
/// Level triggered: a key says only that something may have changed; <see cref="ReconcileAsync"/> looks at everything again and must come to
/// the same end whatever was missed. One key is never reconciled twice at once.
/// </remarks>
public interface IController
{
    /// <summary>Kubernetes' name of the controller, as <c>--controllers</c> knows it.</summary>
    string Name { get; }

    /// <summary>Keys worked on at once.</summary>
    int Workers => 5;

    /// <summary>Says which kinds to watch and which keys a change of theirs concerns.</summary>
    void Watch(ControllerWatches watches);

    /// <summary>Makes the object of the key true.</summary>
    /// <returns>When to look again though nothing changes; null: only when something does.</returns>
    /// <exception cref="Exception">Anything: the key is tried again, later each time.</exception>
    Task<TimeSpan?> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken);
}
