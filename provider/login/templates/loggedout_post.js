const post = () => document.forms[0].submit()
addEventListener("load", post)
setTimeout(post, 5000)
