namespace Cluster.Proxy.CommandLine;

/// <summary>What a flag was given, by the command line or by a configuration file.</summary>
/// <param name="Text">As it was written.</param>
/// <param name="Where">How an error names it: <c>--proxy-mode</c>, or the file with line and field.</param>
internal readonly record struct FlagValue(string Text, string Where)
{
    public UsageException Bad(string meant) => new($"{Where} {Text}: {meant}");
}
