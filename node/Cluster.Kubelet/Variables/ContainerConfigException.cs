namespace Cluster.Kubelet.Variables;

/// <summary>
/// A container can't be made as its pod describes it: a key is missing, a user is wrong. Shown as
/// CreateContainerConfigError.
/// </summary>
public sealed class ContainerConfigException(string message) : Exception(message);
