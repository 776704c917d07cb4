namespace Cluster.Containers;

/// <summary>How to log in at a registry. Never printed.</summary>
public sealed record RegistryCredential(string Server, string Username, string Password)
{
    public string IdentityToken { get; init; } = "";

    public override string ToString() => $"credential for {Server}";
}
