using Cluster.Api;
using Cluster.ApiServer.Admission.Loading;
using Cluster.ApiServer.Authorization;
using Microsoft.Extensions.Logging;

namespace Cluster.ApiServer.Admission;

/// <summary>The admission plug-ins a server is to have: chosen by name from the server's own and from users' assemblies.</summary>
/// <remarks>Assemblies are loaded once, by <see cref="Load"/>; the plug-ins are made when a server starts. Immutable.</remarks>
public sealed class AdmissionPlugins
{
    private const string EnableFlag = "enable-admission-plugins";
    private const string DisableFlag = "disable-admission-plugins";
    private const string OrderFlag = "admission-control";

    private readonly AdmissionOptions _options;
    private readonly IReadOnlyList<PluginType> _loaded;

    private AdmissionPlugins(AdmissionOptions options, IReadOnlyList<PluginType> loaded) => (_options, _loaded) = (options, loaded);

    /// <summary>Those that are on by default, in the default order.</summary>
    public static AdmissionPlugins Default { get; } = new(new AdmissionOptions(), []);

    /// <summary>Names of the server's own plug-ins, in the default order.</summary>
    public static IEnumerable<string> Names => AdmissionCatalog.All.Select(entry => entry.Name);

    /// <summary>Names of those that are on by default.</summary>
    public static IEnumerable<string> DefaultNames => AdmissionCatalog.All.Where(entry => entry.IsDefault).Select(entry => entry.Name);

    /// <summary>Loads the assemblies and checks the rest as far as it can be before the plug-ins are made.</summary>
    /// <exception cref="AdmissionPluginException">A file is no assembly of plug-ins for this server, or the names make no sense.</exception>
    public static AdmissionPlugins Load(AdmissionOptions options)
    {
        CheckExclusive(options);
        var loaded = options.Assemblies.SelectMany(PluginAssembly.Load).ToList();
        // What a loaded plug-in calls itself is only known once it is made.
        if (loaded.Count == 0)
            CheckNames(options, []);
        return new AdmissionPlugins(options, loaded);
    }

    /// <summary>As <see cref="Load"/>, with classes that are here already.</summary>
    internal static AdmissionPlugins Of(AdmissionOptions options, params IEnumerable<Type> types) =>
        new(options, [.. types.Select(type => new PluginType(type, type.Assembly.GetName().Name!))]);

    /// <summary>Makes the plug-ins, in the order in which they see a write.</summary>
    /// <exception cref="AdmissionPluginException">One cannot be made, or a name is unknown or taken.</exception>
    internal IReadOnlyList<IAdmissionPlugin> Create(AdmissionParts parts, ILoggerFactory logs)
    {
        var own = Own(parts, logs);
        CheckNames(_options, own.ConvertAll(plugin => plugin.Name));
        return
        [
            // Not to be turned off: in Kubernetes they are part of what the server does, and no plug-ins.
            new CreationRights(new RequestAuthorizer(parts.Authorizer)),
            .. ChosenNames(own).Select(name => own.Find(plugin => plugin.Name == name) ?? AdmissionCatalog.All.First(entry => entry.Name == name).Create(parts)),
            // After all that changes objects: what they make of a role is held to the same rules.
            new RoleEscalation(parts.Access.Roles, parts.Access.Rules, parts.Authorizer),
        ];
    }

    private List<IAdmissionPlugin> Own(AdmissionParts parts, ILoggerFactory logs)
    {
        List<IAdmissionPlugin> own = [];
        foreach (var type in _loaded)
        {
            var plugin = type.Create(parts.Objects, logs, parts.Time);
            if (Names.Concat(own.Select(one => one.Name)).Contains(plugin.Name))
                throw new AdmissionPluginException($"{type.Source}: there is an admission plug-in of the name {GoText.Quote(plugin.Name)} already");
            own.Add(new GuardedPlugin(plugin, _options.TimeLimit, parts.Time, logs.CreateLogger<GuardedPlugin>()));
        }

        return own;
    }

    private IEnumerable<string> ChosenNames(List<IAdmissionPlugin> own)
    {
        if (_options.Order is { } order)
            return order;
        return AdmissionCatalog.All
            .SelectMany(entry => entry.Name == AdmissionCatalog.AfterOwn
                ? [.. own.Select(plugin => (plugin.Name, IsDefault: true)), (entry.Name, entry.IsDefault)]
                : new[] { (entry.Name, entry.IsDefault) })
            .Where(one => (one.IsDefault || _options.Enable.Contains(one.Name)) && !_options.Disable.Contains(one.Name))
            .Select(one => one.Name);
    }

    private static void CheckExclusive(AdmissionOptions options)
    {
        if (options.Order is not null && options.Enable.Count + options.Disable.Count > 0)
            throw new AdmissionPluginException($"{OrderFlag} and {EnableFlag}/{DisableFlag} flags are mutually exclusive");
        if (options.Order is { } order && order.CountBy(name => name).FirstOrDefault(one => one.Value > 1).Key is { } twice)
            throw new AdmissionPluginException($"{OrderFlag} plugin {GoText.Quote(twice)} is named twice");
        var both = options.Enable.Intersect(options.Disable).Order(StringComparer.Ordinal).ToList();
        if (both.Count > 0)
            throw new AdmissionPluginException($"[{string.Join(' ', both)}] in {EnableFlag} and {DisableFlag} overlapped");
    }

    private static void CheckNames(AdmissionOptions options, IReadOnlyCollection<string> own)
    {
        Check(EnableFlag, options.Enable);
        Check(DisableFlag, options.Disable);
        Check(OrderFlag, options.Order ?? []);

        void Check(string flag, IReadOnlyList<string> names)
        {
            if (names.FirstOrDefault(name => !Names.Contains(name) && !own.Contains(name)) is { } unknown)
                throw new AdmissionPluginException($"{flag} plugin {GoText.Quote(unknown)} is unknown");
        }
    }
}
