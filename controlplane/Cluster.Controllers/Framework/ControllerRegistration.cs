namespace Cluster.Controllers.Framework;

/// <summary>How a controller is known and made.</summary>
/// <param name="Name">Kubernetes' name.</param>
/// <param name="Group">A name that switches several controllers at once, or null.</param>
/// <param name="Create">Makes one for a term of leadership.</param>
internal sealed record ControllerRegistration(string Name, string? Group, Func<ControllerContext, IController> Create);
