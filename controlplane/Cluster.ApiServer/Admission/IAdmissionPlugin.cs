namespace Cluster.ApiServer.Admission;

/// <summary>A rule on writes beyond the schema: it may change the object, or refuse the request with a StatusException.</summary>
/// <remarks>
/// All plug-ins admit, in the order of their registration; then defaults and validation; then all validate. A write that is retried
/// on a newer state passes again: a plug-in must not count on being called once.
/// </remarks>
public interface IAdmissionPlugin
{
    /// <summary>For messages and logs, such as <c>ServiceAccount</c>.</summary>
    string Name { get; }

    /// <summary>May change <see cref="AdmissionRequest.Object"/>, or refuse.</summary>
    ValueTask AdmitAsync(AdmissionRequest request, CancellationToken cancellationToken);

    /// <summary>Sees the object as it will be stored; may refuse.</summary>
    ValueTask ValidateAsync(AdmissionRequest request, CancellationToken cancellationToken) => ValueTask.CompletedTask;

    /// <summary>Sees a connection that is about to be opened; may refuse.</summary>
    ValueTask ConnectAsync(AdmissionRequest request, CancellationToken cancellationToken) => ValueTask.CompletedTask;
}
