using System.CommandLine;
using Cluster.ApiServer.Admission;

namespace Cluster.Cli.Commands;

/// <summary>The options of admission plug-ins, by Kubernetes' own names where it has them.</summary>
internal sealed class AdmissionFlags
{
    public Option<string[]> Enable { get; } = new("--enable-admission-plugins")
    {
        Description = $"admission plug-ins that are on besides those that are by default ({string.Join(", ", AdmissionPlugins.DefaultNames)}), with commas; known: {string.Join(", ", AdmissionPlugins.Names)}",
    };

    public Option<string[]> Disable { get; } = new("--disable-admission-plugins") { Description = "admission plug-ins that are off though they are on by default, with commas" };

    public Option<string[]> Order { get; } = new("--admission-control")
    {
        Description = "these admission plug-ins and no others, in this order, with commas; not together with the two above",
    };

    public Option<string[]> Assemblies { get; } = new("--admission-plugin-assembly")
    {
        Description = "assembly (.dll) with admission plug-ins of your own, which are then on; may be given again",
    };

    public IEnumerable<Option> All => [Enable, Disable, Order, Assemblies];

    /// <exception cref="CliException">A name is unknown, or an assembly cannot be used.</exception>
    public AdmissionPlugins Read(ParseResult parsed)
    {
        try
        {
            return AdmissionPlugins.Load(new AdmissionOptions
            {
                Enable = Names(parsed, Enable),
                Disable = Names(parsed, Disable),
                Order = parsed.GetResult(Order) is null ? null : Names(parsed, Order),
                Assemblies = parsed.GetValue(Assemblies) ?? [],
            });
        }
        catch (AdmissionPluginException failure)
        {
            throw new CliException(failure.Message, 2);
        }
    }

    private static string[] Names(ParseResult parsed, Option<string[]> option) =>
        [.. (parsed.GetValue(option) ?? []).SelectMany(text => text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))];
}
