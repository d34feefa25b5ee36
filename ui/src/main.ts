import { mount } from 'svelte';
import './app.css';
import App from './App.svelte';
import { settings } from './lib/settings.svelte';

settings.load();
const target = document.getElementById('app');
if (target) mount(App, { target });
