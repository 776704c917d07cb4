namespace Cluster.Dataplane.Services;

/// <summary>One service port before and after a publication: <paramref name="Before"/> is null for a new one, <paramref name="After"/> for one that is gone.</summary>
public readonly record struct ServiceTableChange(ServiceEntry? Before, ServiceEntry? After);
