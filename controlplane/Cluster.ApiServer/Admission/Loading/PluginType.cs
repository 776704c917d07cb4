using System.Reflection;
using Cluster.ApiServer.WatchCache;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Cluster.ApiServer.Admission.Loading;

/// <summary>A class of a user's that is an admission plug-in.</summary>
/// <param name="Type">The class. Its constructor may ask for an <see cref="IObjectReader"/>, an <see cref="ILoggerFactory"/>, a logger, and a <see cref="TimeProvider"/>.</param>
/// <param name="Source">The file it is from, for messages.</param>
internal sealed record PluginType(Type Type, string Source)
{
    /// <exception cref="AdmissionPluginException">Its constructor asks for something else, or throws; or it has no name.</exception>
    public IAdmissionPlugin Create(IObjectReader objects, ILoggerFactory logs, TimeProvider time)
    {
        using var services = new ServiceCollection()
            .AddSingleton(objects).AddSingleton(time).AddSingleton(logs).AddTransient(typeof(ILogger<>), typeof(Logger<>)).BuildServiceProvider();
        string name;
        IAdmissionPlugin plugin;
        try
        {
            plugin = (IAdmissionPlugin)ActivatorUtilities.CreateInstance(services, Type);
            name = plugin.Name;
        }
        catch (Exception failure)
        {
            // Whatever a user's constructor throws.
            var cause = failure is TargetInvocationException { InnerException: { } inner } ? inner : failure;
            throw new AdmissionPluginException(
                $"{Source}: the admission plug-in {Type.FullName} cannot be made: {cause.GetType().Name}: {cause.Message.ReplaceLineEndings(" ")}", failure);
        }

        return string.IsNullOrWhiteSpace(name) || name.Contains(',', StringComparison.Ordinal)
            ? throw new AdmissionPluginException($"{Source}: the admission plug-in {Type.FullName} has no name that a flag could give")
            : plugin;
    }
}
