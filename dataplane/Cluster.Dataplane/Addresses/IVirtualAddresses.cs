using System.Net;

namespace Cluster.Dataplane.Addresses;

/// <summary>Makes virtual addresses arrive at this node and lets nothing but service ports answer there.</summary>
/// <remarks>Called by one caller, one call at a time. What it makes on the host survives the process until <see cref="RemoveAsync"/>.</remarks>
public interface IVirtualAddresses
{
    /// <summary>Present, from the start on, where service ports of virtual addresses need no sockets of their own.</summary>
    ISocketSteering? Steering => null;

    /// <summary>True, from the start on, where what is answered to a client's address that a socket of ours speaks from comes back to that socket.</summary>
    bool ReturnsAnswers => false;

    /// <summary>
    /// Before <see cref="StartAsync"/>: another process serves still, so that what it made stays in force and changes are noted alone,
    /// until <see cref="TakeOverAsync"/>.
    /// </summary>
    void Hold()
    {
    }

    /// <summary>Puts what was noted in place of what the other process made, without a moment of neither.</summary>
    Task TakeOverAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Another process has taken over: nothing on the host is this one's any more.</summary>
    void LetGo()
    {
    }

    /// <summary>Takes over or replaces what an earlier process left, with no place allowed yet.</summary>
    Task StartAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Makes the added addresses local where they are not so already, and gives up the removed ones where it made them so. An address comes
    /// and goes once, however many frontends share it.
    /// </summary>
    Task ChangeAddressesAsync(IReadOnlyCollection<IPAddress> added, IReadOnlyCollection<IPAddress> removed, CancellationToken cancellationToken);

    /// <summary>Lets places answer, and others no more. Places outside of the virtual addresses need no permission and are ignored.</summary>
    Task AllowAsync(IReadOnlyCollection<Place> added, IReadOnlyCollection<Place> removed, CancellationToken cancellationToken);

    /// <summary>Puts back what someone else has flushed.</summary>
    Task VerifyAsync(CancellationToken cancellationToken);

    /// <summary>Removes everything of ours from the host.</summary>
    Task RemoveAsync(CancellationToken cancellationToken);
}
