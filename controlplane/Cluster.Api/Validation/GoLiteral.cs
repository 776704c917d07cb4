namespace Cluster.Api.Validation;

/// <summary>A value as Go's printer shows it, where clients know it in that form.</summary>
internal sealed record GoLiteral(string Text)
{
    public override string ToString() => Text;
}
