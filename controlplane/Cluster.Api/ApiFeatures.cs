using System.Diagnostics.CodeAnalysis;

namespace Cluster.Api;

/// <summary>What a program that is compiled ahead of time leaves out of itself.</summary>
internal static class ApiFeatures
{
    /// <summary>
    /// The program speaks of the kinds that a proxy needs alone. A constant where it is trimmed by it (<c>RuntimeHostConfigurationOption</c>):
    /// otherwise it would hold every message there is, for the lists that name them all.
    /// </summary>
    [FeatureSwitchDefinition("Cluster.Api.ProxyResourcesAlone")]
    public static bool ProxyResourcesAlone => AppContext.TryGetSwitch("Cluster.Api.ProxyResourcesAlone", out var alone) && alone;
}
